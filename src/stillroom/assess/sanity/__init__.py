"""Sanity: examples, teachers and students in; alarms about what cannot be right out."""
