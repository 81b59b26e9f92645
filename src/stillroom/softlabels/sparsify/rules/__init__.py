"""Rules: the arithmetic of the sparsifiers, in PyTorch, on the device of the logits."""
