"""Predict: examples and models in, the predictions of each model out."""
