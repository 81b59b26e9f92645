"""Tables: Parquet, CSV and JSONL files in, checked columns out."""
