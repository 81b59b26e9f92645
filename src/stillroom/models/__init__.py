"""Models: their architectures, their directories on disk, and their forward passes."""
