"""Suspected label errors, by models that never saw the row, and the policy for them."""
