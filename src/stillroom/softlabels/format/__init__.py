"""Format: encodes entries as Parquet columns that any reader understands, and decodes them."""
