"""Architectures: options in, an untrained model out."""
