"""Store: finished shards by fingerprint and key, kept across runs."""
