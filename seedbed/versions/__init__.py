"""What git holds of rows, in the workspace or at any revision."""
