"""Distillation of a chat model on GSM8K."""
