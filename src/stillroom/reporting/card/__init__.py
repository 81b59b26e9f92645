"""The model card: metrics and lineage in, README.md of a Hugging Face directory out."""
