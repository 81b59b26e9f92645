"""Sparsify: dense distributions in, the few entries worth storing out."""
