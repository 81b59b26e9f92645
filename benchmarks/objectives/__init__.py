"""Benchmarks of the objectives."""
