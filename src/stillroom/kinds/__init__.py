"""Kinds of packages: what a registered kind must be, and how its errors are named."""
