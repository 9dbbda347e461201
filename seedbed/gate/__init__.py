"""The gate: whether a model may take the place of another, and the champions that did."""
