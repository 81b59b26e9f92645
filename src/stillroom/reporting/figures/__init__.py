"""Figures: flat records in, inline SVG out, the same bytes in every process."""

from stillroom.reporting.figures.confusion_matrix import confusion
from stillroom.reporting.figures.curves import learning_curves
from stillroom.reporting.figures.family import family
from stillroom.reporting.figures.ratios import ratios
from stillroom.reporting.figures.reliability import reliability
from stillroom.reporting.figures.similarity import similarity
from stillroom.reporting.figures.slices import slices
from stillroom.reporting.figures.tree import tree

__all__ = [
    "confusion",
    "family",
    "learning_curves",
    "ratios",
    "reliability",
    "similarity",
    "slices",
    "tree",
]
