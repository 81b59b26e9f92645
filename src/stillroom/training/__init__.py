"""Training: Lightning in a worker process of its own."""
