"""Chat templates: found beside a model, and run in a bounded process."""
