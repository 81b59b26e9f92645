"""The figures of docs/soft-labels.md, measured on a real language model and on real digits."""
