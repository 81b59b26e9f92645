"""Capture: examples and teachers in, verified soft labels out."""
