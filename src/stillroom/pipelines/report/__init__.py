"""Report: all measurements in, one page out."""

from stillroom.pipelines.report.pipeline import create_pipeline

__all__ = ["create_pipeline"]
