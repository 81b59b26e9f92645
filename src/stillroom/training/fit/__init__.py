"""Fit: one model and its batches in, fitted weights and a learning curve out."""
