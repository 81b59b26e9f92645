"""The model card: what was measured in, README.md of a Hugging Face directory out."""
