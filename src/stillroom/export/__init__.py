"""Export: a student that is ready to ship."""
