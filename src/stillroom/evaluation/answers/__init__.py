"""Answers: what models said to held-out prompts in; how many are right, with intervals, out."""
