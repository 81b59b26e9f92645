"""The figures of docs/language-models.md: the gap that the cache closes, gradients, speed."""
