"""Examples: read from a source, keyed, de-duplicated, split, and encoded for a model."""
