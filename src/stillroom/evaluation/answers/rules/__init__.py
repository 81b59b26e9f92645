"""The rules that answers are checked by, one a file."""
