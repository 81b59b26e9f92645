"""Corpora: documents of running text in, packs of tokens out."""
