"""What people type: the commands of `seedbed`, by what they are about."""
