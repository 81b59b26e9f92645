"""Cost: what models, cache and run took, measured over trained models."""
