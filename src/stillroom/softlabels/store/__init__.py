"""Store: keeps finished shards across runs, by fingerprint and key."""
