"""Previews: the PNG image that Kedro-Viz shows of a plot or a document.

The catalog names one of `FIGURES` as the `figure` of an entry. The previews use the figures of the
page. Where the page has one figure for each model, a preview shows them side by side.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from stillroom.evaluation.dark_knowledge.similarity import most_alike
from stillroom.evaluation.dark_knowledge.tree import pruned
from stillroom.evaluation.plot_records import DRAWN
from stillroom.evaluation.slices.verdicts import read_slice_verdicts
from stillroom.reporting import figures
from stillroom.reporting.figures.canvas import blank, png
from stillroom.reporting.figures.heatmap import MOST
from stillroom.reporting.figures.slices import worst
from stillroom.reporting.figures.tree import MOST_LEAVES
from stillroom.reporting.sections.answers.confusion_view import Records, confusion_drawings
from stillroom.reporting.sections.answers.dark_knowledge_view import read_document


def curves(records: Records) -> bytes:
    """Return the validation NLL over the epochs, a line for each model."""
    if not records:
        return png([blank("no epoch is recorded")])
    return png([figures.learning_curves("Models", records, "validation_nll")])


def reliability(records: Records) -> bytes:
    """Return the reliability diagram of each model."""
    if not records:
        return png([blank("a language model has no reliability diagram")])
    return png([figures.reliability(model, records) for model in DRAWN])


def confusion(records: Records) -> bytes:
    """Return the confusion of each model; of many classes, those that the student confuses most."""
    if not records:
        return png([blank("a language model has no confusion matrix")])
    classes = {row[side] for row in records for side in ("actual", "predicted")}
    return png(confusion_drawings(records, sorted(classes, key=_number_then_text)))


def similarity(records: Records) -> bytes:
    """Return the teachers' mean soft labels; of many classes, those that are most alike."""
    if not records:
        return png([blank("a language model has no matrix of similar classes")])
    classes = list(dict.fromkeys(record["actual"] for record in records))
    matrix = np.array([record["probability"] for record in records])
    matrix = matrix.reshape(len(classes), len(classes))
    selected = most_alike(matrix, MOST)
    names = [classes[at] for at in selected]
    return png([figures.similarity(matrix[np.ix_(selected, selected)], names)])


def family(records: Records) -> bytes:
    """Return quality over size of the students that share one set of soft labels."""
    if not records:
        return png([blank("there is only one student")])
    return png([figures.family(records, "parameters")])


def slices(document: object) -> bytes:
    """Return what the student loses to its teacher on each slice."""
    verdicts = read_slice_verdicts(document)
    return png([figures.slices(verdicts) if worst(verdicts) else blank("there is no slice")])


def tree(document: Mapping[str, Any]) -> bytes:
    """Return the classes, joined by how alike the teachers find them."""
    if not document:
        return png([blank("a language model has no tree of classes")])
    small = pruned(read_document(document).knowledge.tree, MOST_LEAVES)
    return png([figures.tree(small) if small.joins else blank("a single class has no tree")])


FIGURES: dict[str, Callable[[Any], bytes]] = {
    "curves": curves,
    "reliability": reliability,
    "confusion": confusion,
    "similarity": similarity,
    "family": family,
    "slices": slices,
    "tree": tree,
}


def _number_then_text(name: str) -> tuple[bool, float, str]:
    return (not name.isdecimal(), float(name) if name.isdecimal() else 0.0, name)
