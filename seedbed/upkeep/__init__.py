"""What is made from code and tables: the wiring of dvc.yaml, marked blocks, reference pages."""
