"""Pretrained models: directories and files on disk in, models out, and back."""
