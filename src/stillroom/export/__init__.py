"""Export: a student that is ready to deploy."""
