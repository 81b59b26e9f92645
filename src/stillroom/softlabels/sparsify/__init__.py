"""Sparsify: turns dense distributions into the few entries that are worth storing."""
