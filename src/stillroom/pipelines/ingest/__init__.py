"""Ingest: raw data in; examples, encoder and report out."""

from stillroom.pipelines.ingest.pipeline import create_pipeline

__all__ = ["create_pipeline"]
