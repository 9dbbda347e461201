"""Texts made clean: rules and their order, markup, boilerplate."""
