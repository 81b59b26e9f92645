"""Forward passes: a model and inputs in; logits, hidden states or text out."""
