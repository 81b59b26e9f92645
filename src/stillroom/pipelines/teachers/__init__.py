"""Teachers: examples in, trained teachers out; a given teacher is checked and imported."""
