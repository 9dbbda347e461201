"""The one training loop, what it is given, and the models it trains."""
