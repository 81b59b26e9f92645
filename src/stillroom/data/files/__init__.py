"""Input files: which files of data.path are read, and their bytes, hashed and within a budget."""
