"""Costly per-text results, looked up instead of worked out again."""
