"""Reporting: figures, the page, the model card, the table at the end."""
