"""Objectives: the mathematics of learning from a teacher."""
