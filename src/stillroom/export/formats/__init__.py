"""Export formats: each writes the student once more, for another program."""
