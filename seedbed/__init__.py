"""What the stages of Seedbed share, one subject a module, and the `seedbed` command."""

__version__ = "0.1.0"
