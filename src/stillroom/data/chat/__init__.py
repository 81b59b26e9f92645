"""Conversations: read in any form, rendered by a model's template, with the tokens to learn."""
