"""Planted answers: a teacher, controls and students that are each right on a given share.

share per arm ──planted_answers──> ClassPredictions ──evidence──> Evidence
                                           ──ClassFindings──> slices, dark knowledge, …
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
import polars as pl
from support.examples.image_examples import SIDE, image_encoder

from stillroom.assess.findings.class_findings import ClassFindings
from stillroom.data.encoders import ArrayEncoder
from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER, Run
from stillroom.evaluation.predictions import ClassPredictions
from stillroom.evaluation.statistics.evidence import Evidence, evidence
from stillroom.models.shape import Shape

RIGHT = {TEACHER: 0.95, CONTROL: 0.85, STUDENT: 0.90}
CLASSES = 10


def planted_answers(
    right: Mapping[str, float] = RIGHT,
    examples: int = 2000,
    seeds: int = 3,
    confidence: float | None = None,
    seed: int = 0,
) -> ClassPredictions:
    """Return answers to random examples; the runs of an arm differ only by chance.

    Args:
        right: share of the examples that each arm is right on.
        examples: N.
        seeds: the number of runs of control and student.
        confidence: of the student's first choice; None: as often as it is right.
        seed: of all random numbers.
    """
    draws = np.random.default_rng(seed)
    labels = draws.integers(0, CLASSES, examples)
    hard = draws.random(examples)  # the same examples are hard for every run
    arms = {}
    for arm, share in right.items():
        sure = confidence if arm == STUDENT and confidence is not None else share
        runs = [
            _run(labels, hard + draws.normal(0, 0.05, examples) < share, sure)
            for _ in range(1 if arm == TEACHER else seeds)
        ]
        arms[arm] = np.stack(runs)
    return ClassPredictions(labels, arms)


def planted_evidence(
    right: Mapping[str, float] = RIGHT, examples: int = 2000, seeds: int = 3
) -> Evidence:
    """Return the evidence of planted answers."""
    return evidence(planted_answers(right, examples, seeds).arm_scores())


def class_documents(
    answers: ClassPredictions, classes: Sequence[str], content: Literal["image", "text"] = "image"
) -> dict[str, Any]:
    """Return slices, dark knowledge and disagreements as evaluate writes them.

    Args:
        answers: every run's, to the test split.
        classes: their names.
        content: the kind of examples; a text holds the name of its class.
    """
    findings = ClassFindings(_encoder(classes, content), _predictions(answers))
    test = _examples(answers, classes, content)
    return {
        "slices": asdict(findings.slices(test, {})),
        "dark_knowledge": findings.dark_knowledge(test),
        "disagreements": findings.disagreements(test),
    }


def _encoder(classes: Sequence[str], content: Literal["image", "text"]) -> ArrayEncoder:
    if content == "image":
        return image_encoder(Shape((1, SIDE, SIDE), tuple(classes)))
    return ArrayEncoder(
        kind="text", classes=tuple(classes), shape=(4096,), raw_shape=(), mean=(), scale=()
    )


def _predictions(answers: ClassPredictions) -> pl.DataFrame:
    """Return the table that `predict` writes."""
    columns = {
        arm if arm == TEACHER else Run(arm, number).name: of_run.tolist()
        for arm, of_arm in answers.arms.items()
        for number, of_run in enumerate(of_arm)
    }
    ids = [number.to_bytes(16, "big") for number in range(len(answers))]
    keys = {"example_id": ids, "split": ["test"] * len(answers), "label": answers.labels}
    return pl.DataFrame(keys | columns)


def _examples(
    answers: ClassPredictions, classes: Sequence[str], content: Literal["image", "text"]
) -> pl.DataFrame:
    if content == "text":
        texts = [f"{classes[label]}, row {row}" for row, label in enumerate(answers.labels)]
        return pl.DataFrame({"text": texts})
    pixels = np.random.default_rng(0).integers(0, 256, (len(answers), SIDE, SIDE), dtype=np.uint8)
    return pl.DataFrame({"image": [image.tobytes() for image in pixels]})


def _run(labels: np.ndarray, right: np.ndarray, confidence: float) -> np.ndarray:
    first = np.where(right, labels, (labels + 1) % CLASSES)
    rows = np.full((len(labels), CLASSES), (1 - confidence) / (CLASSES - 1))
    rows[np.arange(len(labels)), first] = confidence
    return rows
