"""Models: names to builders, and Hugging Face directories in and out."""
