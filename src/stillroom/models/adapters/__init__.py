"""Adapters: a model whose base is frozen, with small trained matrices beside some of its layers."""
