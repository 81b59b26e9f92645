"""The sections on what the models can do, and on what they cost."""
