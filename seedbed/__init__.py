"""What the stages of Seedbed share, one subject a room, and the `seedbed` command."""
