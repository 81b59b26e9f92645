"""Evidence of planted answers: of a teacher, controls and students that are right so often."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER
from stillroom.evaluation.dark_knowledge.dark_knowledge import dark_knowledge
from stillroom.evaluation.disagreements import disagreements
from stillroom.evaluation.predictions import Answers
from stillroom.evaluation.slices.slicing import by_class, by_confidence
from stillroom.evaluation.slices.verdicts import judged
from stillroom.evaluation.statistics.evidence import Evidence, evidence
from stillroom.reporting.thumbnails import shown_image, shown_text

RIGHT = {TEACHER: 0.95, CONTROL: 0.85, STUDENT: 0.90}
CLASSES = 10


def answers(
    right: Mapping[str, float] = RIGHT,
    examples: int = 2000,
    seeds: int = 3,
    confidence: float | None = None,
    seed: int = 0,
) -> Answers:
    """Return answers to drawn examples, of runs that differ by chance alone.

    Args:
        right: share of the examples that each arm is right on.
        examples: N.
        seeds: of control and student.
        confidence: of the student's first choice; None is as often as it is right.
        seed: of all that is drawn.
    """
    draws = np.random.default_rng(seed)
    labels = draws.integers(0, CLASSES, examples)
    hard = draws.random(examples)  # the same examples are hard for every run
    arms = {}
    for arm, share in right.items():
        said = confidence if arm == STUDENT and confidence is not None else share
        runs = [
            _run(labels, hard + draws.normal(0, 0.05, examples) < share, said)
            for _ in range(1 if arm == TEACHER else seeds)
        ]
        arms[arm] = np.stack(runs)
    return Answers(labels, arms)


def found(right: Mapping[str, float] = RIGHT, examples: int = 2000, seeds: int = 3) -> Evidence:
    """Return what planted answers come to."""
    return evidence(answers(right, examples, seeds).marks())


def looked_at(said: Answers, classes: Sequence[str]) -> dict[str, Any]:
    """Return slices, dark knowledge and disagreements examples, as evaluate writes them."""
    teacher, student, control = (said.arms[arm] for arm in (TEACHER, STUDENT, CONTROL))
    right = {arm: marks.right for arm, marks in said.marks().items()}
    slices = by_class(said.labels, classes) + by_confidence(teacher[0].max(axis=1))
    known = dark_knowledge(teacher[0], student, control, said.labels, classes, 20, 6)
    worst = disagreements(teacher[0], student[0], said.labels, classes, 6)
    return {
        "slices": asdict(
            judged(slices, right[TEACHER], right[CONTROL], right[STUDENT], "accuracy")
        ),
        "dark_knowledge": {
            "knowledge": asdict(known),
            "shown": [seen(pair.actual, pair.row) for pair in known.pairs],
        },
        "disagreements": {
            "disagreements": asdict(worst),
            "lost": [seen(one.actual, one.row) for one in worst.lost],
            "apart": [seen(one.actual, one.row) for one in worst.apart],
        },
    }


def seen(text: str, row: int) -> dict[str, str]:
    """Return an example as evaluate shows it: every other one with an image."""
    if row % 2:
        return asdict(shown_text(f"{text}, as row {row} has it"))
    pixels = np.random.default_rng(row).integers(0, 256, (8, 8), dtype=np.uint8)
    return asdict(shown_image(pixels))


def _run(labels: np.ndarray, right: np.ndarray, confidence: float) -> np.ndarray:
    first = np.where(right, labels, (labels + 1) % CLASSES)
    rows = np.full((len(labels), CLASSES), (1 - confidence) / (CLASSES - 1))
    rows[np.arange(len(labels)), first] = confidence
    return rows
