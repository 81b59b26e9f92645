"""Every loss as a function on tensors, for a training loop of your own.

`from stillroom import objectives` gives these names; each calls the term of the same name.
"""
