"""Capture: teachers and inputs in, committed shards out; what the store has is not computed."""
