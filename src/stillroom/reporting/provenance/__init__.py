"""Provenance: whose child the student is, and what that asks of whoever has it."""
