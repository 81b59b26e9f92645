"""Architectures: each module builds an untrained model from options."""
