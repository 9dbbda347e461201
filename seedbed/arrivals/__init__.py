"""A new batch: checked, rehearsed with the last dataset, and added as a whole or not at all."""
