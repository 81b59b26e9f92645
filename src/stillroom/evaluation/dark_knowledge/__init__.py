"""Dark knowledge: which classes the teacher finds similar, and how much of it the student has."""
