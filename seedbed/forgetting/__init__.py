"""One person or row taken out of everything."""
