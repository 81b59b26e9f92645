"""Statistics: what several models score on the same examples in, what can be said of it out."""
