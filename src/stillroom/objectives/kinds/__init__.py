"""Kinds of terms: what each term needs, its options, and how it is built."""
