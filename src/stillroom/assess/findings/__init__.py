"""Findings: the table of predictions in; metrics, evidence, plots and slices out."""
