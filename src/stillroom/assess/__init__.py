"""Assess: what `evaluate` and `softlabels plan` compute over models and soft labels."""
