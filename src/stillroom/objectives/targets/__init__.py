"""Targets of a loss: the teachers' distributions as tensors, of a batch and of many rows."""
