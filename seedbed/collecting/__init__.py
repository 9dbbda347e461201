"""Sources of every kind, read into raw rows."""
