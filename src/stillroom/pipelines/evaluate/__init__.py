"""Evaluate: students and soft labels in, metrics and plots out."""

from stillroom.pipelines.evaluate.pipeline import create_pipeline

__all__ = ["create_pipeline"]
