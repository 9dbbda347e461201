"""A new batch: looked at, rehearsed beside the last dataset, and put in whole or not at all."""
