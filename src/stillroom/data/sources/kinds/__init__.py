"""Kinds of sources: those that give examples, and those that give running text."""
