"""What a reviewer of a pull request is shown, and how it gets there."""
