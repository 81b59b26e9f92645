"""Slices: parts of the test split in, those on which the student loses more than elsewhere out."""
