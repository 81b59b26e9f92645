"""Teachers: what answers."""
