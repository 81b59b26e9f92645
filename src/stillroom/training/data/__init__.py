"""Training data: examples and soft labels in, batches out."""
