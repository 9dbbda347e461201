"""The local web page of `seedbed review` (extra `review`): it shows, and writes decision lines."""
