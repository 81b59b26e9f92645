"""Train: examples and soft labels in, the student and its control out."""
