"""Statistics: scores of several models on the same examples in, estimates and tests out."""
