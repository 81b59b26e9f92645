"""Runs: one at a time in a project, what it reads and wrote, how it is shown, and how it ends."""
