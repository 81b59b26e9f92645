"""Text: documents and their tokenizers in, packs of tokens out."""
