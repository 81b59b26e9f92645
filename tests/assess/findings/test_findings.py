"""The kinds of findings, and their common interface."""

import inspect
from pathlib import Path

import polars as pl
from support.evaluation.token_predictions import Predicted
from support.examples.image_examples import image_encoder, written

from stillroom.assess.findings.class_findings import ClassFindings
from stillroom.assess.findings.findings import Findings, findings
from stillroom.assess.findings.token_findings import TokenFindings
from stillroom.io.tables import TableFile, write_table
from stillroom.models.shape import Shape


def table(frame: pl.DataFrame, folder: Path) -> TableFile:
    write_table(frame, folder / "predictions.parquet")
    return TableFile(folder / "predictions.parquet")


def test_the_encoder_says_of_what_kind_they_are(predicted: Predicted, tmp_path: Path) -> None:
    encoder = written(image_encoder(Shape((1, 2, 2), ("cat", "dog"))), tmp_path / "two_classes")
    frame = pl.DataFrame({"example_id": [b"a" * 16], "split": ["test"]})
    assert isinstance(findings(table(frame, tmp_path), encoder), ClassFindings)
    of_tokens = findings(table(predicted.frame, tmp_path), predicted.corpus.encoder)
    assert isinstance(of_tokens, TokenFindings)


def test_both_kinds_take_the_arguments_of_the_protocol() -> None:
    for name, method in inspect.getmembers(Findings, inspect.isfunction):
        if not name.startswith("_"):
            parameters = list(inspect.signature(method).parameters)
            for kind in (ClassFindings, TokenFindings):
                assert list(inspect.signature(getattr(kind, name)).parameters) == parameters
