"""Classes of a teacher: which of its outputs is which class of the examples."""
