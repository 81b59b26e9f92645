"""Reading: a published set in, distributions by key out."""
