"""Report: the page and the end table show the values of their inputs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.evaluation.planted_answers import RIGHT, class_documents, planted_evidence
from support.examples.image_examples import image_encoder, written
from support.licences_and_lineage import a_lineage, own_licence
from support.report_documents import DATA_REPORT
from support.softlabels.linear_teachers import capture

from stillroom.config.schema import Report
from stillroom.evaluation.predictions import ClassPredictions
from stillroom.models.shape import Shape
from stillroom.pipelines.report import create_pipeline
from stillroom.pipelines.report.nodes import print_summary, render_report
from stillroom.reporting.section_registry import REGISTRY
from stillroom.softlabels.sparsify.kinds.topk import TopK

METRICS: dict[str, dict[str, int | float]] = {
    model: {"accuracy": 0.5, "nll": 0.7, "ece": 0.1, "agreement": 1.0, "kl_to_teacher": 0.0}
    for model in ("teacher", "control", "student")
} | {"gain": {"accuracy": 0.0, "nll": 0.0}}
STATISTICS = planted_evidence(dict.fromkeys(RIGHT, 0.5)).to_json()
TWO = ClassPredictions(
    np.array([0, 1, 0, 1]),
    {arm: np.array([[[0.6, 0.4]] * 4]) for arm in ("teacher", "control", "student")},
)
COST: dict[str, dict[str, int | float]] = {
    model: {"parameters": 10, "megabytes": 0.0, "ms_p50": 0.1}
    for model in ("teacher", "control", "student")
} | {
    "cache": {
        "bytes": 90,
        "rows": 9,
        "bytes_per_row": 10.0,
        "read": 81,
        "paid_seconds": 0.5,
        "live_seconds": 4.5,
        "saved_hours": 0.0011,
    }
}


INPUTS = {
    "data_report",
    "metrics",
    "statistics",
    "cost",
    "parity",
    "reliability",
    "confusion",
    "slices",
    "dark_knowledge",
    "disagreements",
    "lineage",
    "licence",
    "continuations",
    "turns",
    "answers",
    "family",
    "teacher_curves",
    "student_curves",
    "soft_labels",
    "encoder",
    "parameters",
}


def records() -> dict[str, list[dict[str, Any]]]:
    models = ("teacher", "control", "student")
    return {
        "reliability": [
            {"model": m, "bin": 7, "confidence": 0.5, "accuracy": 0.5, "count": 2} for m in models
        ],
        "confusion": [
            {"model": m, "actual": a, "predicted": "cat"} for m in models for a in ("cat", "dog")
        ],
        "continuations": [],
        "turns": {},
        "answers": {},
        "family": [],
        "student_curves": [
            {"model": "student", "epoch": 1, "validation_nll": 0.7, "validation_accuracy": 0.5}
        ],
    }


def test_the_page_shows_what_each_input_says(tmp_path: Path) -> None:
    labels = capture(tmp_path / "set", 1, TopK(k=2, temperatures=(1.0, 4.0))).labels
    html = render_report(
        listed=Report(sections=list(REGISTRY.builtin)),
        alarms=[],
        data_report=DATA_REPORT | {"duplicates": 17},
        metrics=METRICS,
        statistics=STATISTICS,
        cost=COST,
        parity={"largest_difference": 1e-6, "inputs": 64, "tolerance": 1e-4},
        teacher_curves=[],
        soft_labels=labels,
        encoder=written(image_encoder(Shape((1, 2, 2), ("cat", "dog"))), tmp_path / "encoder"),
        parameters={"student": {"lr": 0.25}},
        lineage=a_lineage(command="dvc repro").to_json(),
        licence=own_licence(1).to_json(),
        **class_documents(TWO, ("cat", "dog")),
        **records(),
    )
    for expected in (
        "dvc repro",
        "This test set shows no clear difference",
        ">17 rows with the same content as another one.<",
        "student.lr",
        "over 64 inputs",
    ):
        assert expected in html
    for expected in (labels.manifest.fingerprint, "topk (k 2", labels.manifest.captures[0].weights):
        assert expected[:12] in html


def test_the_summary_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(METRICS, STATISTICS, COST, [], "<html>")
    printed = capsys.readouterr().out
    assert "Student, distilled" in printed
    assert "data/07_reports/report.html" in printed
    assert "<html>" not in printed


def test_the_summary_waits_for_the_page() -> None:
    stage = create_pipeline()
    assert [node.name for node in stage.nodes] == ["render_report", "print_summary"]
    assert stage.outputs() == set()


def test_the_page_gets_every_input_by_its_name() -> None:
    (render,) = [node for node in create_pipeline().nodes if node.name == "render_report"]
    assert render._inputs == {"listed": "params:report", "alarms": "alarms"} | {
        name: name for name in INPUTS
    }


def test_sections_that_are_not_listed_are_not_built() -> None:
    html = render_report(
        listed=Report(sections=["data"]), alarms=[], data_report=DATA_REPORT | {"duplicates": 17}
    )
    assert html.count("<section") == 1
    assert ">17 rows with the same content as another one.<" in html
    assert "<title>Stillroom</title>" in html
