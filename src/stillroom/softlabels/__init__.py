"""Soft labels: what teachers answered, kept in Parquet, keyed, fingerprinted and verified."""
