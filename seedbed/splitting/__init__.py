"""Rows unique and apart: near copies, sides, folds, the frozen test, the leak gate."""
