"""Kinds: one module and one class for each sparsifier; the registry names them."""
