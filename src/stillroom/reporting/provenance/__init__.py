"""Provenance: the lineage of a student, and the licence that follows from it."""
