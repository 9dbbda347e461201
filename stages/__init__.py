"""The pipeline's stages: one script each, run as `python -m stages.NAME`, wired in dvc.yaml."""

import gc
import sys

# What torch and transformers import lives as long as the process: collecting among it took a third
# of a short stage's time. `seedbed.core.stage.run` turns the collector on again. "-m" is what
# Python has there while it starts a stage, and not when a test imports one.
if sys.argv[0] == "-m":
    gc.disable()
