"""Texts as token ids and vectors."""
