"""The kinds of teachers that are built in."""
