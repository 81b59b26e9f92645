"""Cost: the cost of the trained models, of the cache, and of the run that made them."""
