"""Whose label is doubted, by models that never saw the row, and what becomes of it in train."""
