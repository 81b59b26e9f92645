"""Images: files in, pixels out."""
