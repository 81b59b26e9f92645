"""Verify: checks a captured set against its examples and teachers; errors say where it is wrong."""
