"""The sections on the run: what the student was made from, and how."""
