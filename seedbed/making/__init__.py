"""Train rows made, weighed or left out: augmentation, negatives, balance, and what they bring."""
