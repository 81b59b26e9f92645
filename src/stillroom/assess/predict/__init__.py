"""Predict: examples and models in, what each model answers out."""
