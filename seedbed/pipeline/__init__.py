"""The pipeline as dvc.yaml says it and as dvc.lock remembers it."""
