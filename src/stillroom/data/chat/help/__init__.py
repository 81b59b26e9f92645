"""The embedded conversations about Python's own library."""
