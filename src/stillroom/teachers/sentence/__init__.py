"""Sentence encoders as teachers: the fit of a head, and embeddings that are kept between stages."""
