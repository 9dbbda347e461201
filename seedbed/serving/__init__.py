"""The model in use: its folder, and predictions for tables."""
