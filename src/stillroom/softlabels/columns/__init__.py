"""Columns: the flat arrays of entries, the distributions they give, and their list columns."""
