"""What people review, and how they say it: the engine behind the web page and the terminal."""
