"""Cost: the cost to store and to run a model, and the teacher time that the soft labels save."""
