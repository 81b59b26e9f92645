"""Views: an example, its key and a seed in; the same example, augmented or masked, out."""
