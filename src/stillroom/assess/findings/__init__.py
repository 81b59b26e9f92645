"""Findings: the table of predictions in; metrics, evidence and plots out."""
