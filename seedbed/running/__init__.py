"""The engine for per-text work, and the memo behind it."""
