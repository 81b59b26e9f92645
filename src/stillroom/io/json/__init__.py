"""JSON: canonical files, validated values, flat keys."""
