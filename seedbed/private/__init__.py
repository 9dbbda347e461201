"""Personal data: found, and replaced by stand-ins."""
