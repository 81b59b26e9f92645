"""Codec: entries in, Parquet columns that any reader understands out, and back."""
