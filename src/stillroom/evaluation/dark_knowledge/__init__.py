"""Dark knowledge: what the teacher finds similar to what, and how much of it the student learnt."""
