"""Cost: what a model takes to keep and to run, and what the cache of its teachers saved."""
