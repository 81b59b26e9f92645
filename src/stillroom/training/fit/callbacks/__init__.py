"""Callbacks: what happens between the steps of a fit, besides training."""
