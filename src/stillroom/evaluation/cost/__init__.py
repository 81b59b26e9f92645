"""Cost: the cost of storing and running a model, and the teacher time that soft labels save."""
