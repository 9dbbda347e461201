"""Train rows made, weighted or dropped: augmentation, negatives, balancing, and their gains."""
