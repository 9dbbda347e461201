"""Figures: how good, how sure, whether two differ, and what they choose."""
