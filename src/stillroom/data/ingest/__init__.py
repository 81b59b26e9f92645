"""Ingest: raw examples in; cleaned, keyed, split examples and a report out."""
