"""Answers to held-out prompts: what each model says, and whether it is right."""
