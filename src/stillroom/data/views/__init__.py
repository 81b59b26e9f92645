"""Views: an example, its key and a seed in; the same example, shifted or masked, out."""
