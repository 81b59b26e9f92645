"""Planted models: answers with known faults, run through the nodes of evaluate.

    evidence [N, C]: STRENGTH at the label, noise of some variance ──exact posterior──> calibrated
    answers ──fault──> predictions ──measure_quality, measure_slices, …──> documents ──page──> Top

The posterior of Gaussian evidence is known. A model with less noise is better; none is too sure.
"""

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner
from numpy.typing import NDArray
from support.report_documents import Documents, page_of

from stillroom.config.schema import Evaluate
from stillroom.data.encoders import fit_encoder, write_encoder
from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER, run_of_name, runs
from stillroom.io.tables import TableFile, write_table
from stillroom.pipelines.evaluate import create_pipeline

CLASSES = tuple(str(digit) for digit in range(10))
STRENGTH = 3.5
# Variance of the noise in what each model sees: the teacher is right on 94%, its students on less.
NOISE = {TEACHER: 1.0, CONTROL: 1.9, STUDENT: 1.3}
SEEDS = 3

Doubles = NDArray[np.float64]
Labels = NDArray[np.int64]
Fault = Callable[[Doubles, Labels], Doubles]


@dataclass(frozen=True)
class Examples:
    """A table of examples and the encoder of their features, on disk.

    Attributes:
        labels: [N], all splits in the table's order.
        evidence: [N, C], the features.
    """

    table: TableFile
    encoder: Path
    labels: Labels
    evidence: Doubles


@dataclass(frozen=True)
class Planted:
    """Models of the same examples.

    Attributes:
        logits: each run's, [N, C].
    """

    examples: Examples
    logits: Mapping[str, Doubles]

    def students(self, fault: Fault) -> "Planted":
        """Return these models with a fault in each seed's student."""
        labels = self.examples.labels
        changed = {
            name: fault(logits, labels)
            for name, logits in self.logits.items()
            if run_of_name(name).arm == STUDENT
        }
        return replace(self, logits={**self.logits, **changed})

    def predictions(self) -> pl.DataFrame:
        """Return the table that `predict` would make."""
        rows = self.examples.table.read().select("example_id", "split", "label")
        columns = [
            pl.Series(name, _softmax(logits).astype(np.float32).tolist(), pl.List(pl.Float32))
            for name, logits in self.logits.items()
        ]
        return rows.with_columns(columns).filter(pl.col("split") != "train")


def planted_examples(
    folder: Path, train: int = 100, test: int = 500, labelled: int | None = None
) -> Examples:
    """Write examples whose features are evidence; some or all training rows keep their label."""
    validation = test // 2
    draws = np.random.default_rng(0)
    splits = ["train"] * train + ["validation"] * validation + ["test"] * test
    labels = draws.integers(0, len(CLASSES), len(splits))
    evidence = STRENGTH * np.eye(len(CLASSES))[labels]
    evidence += draws.standard_normal(evidence.shape)
    known = [split != "train" or labelled is None or n < labelled for n, split in enumerate(splits)]
    table = pl.DataFrame(
        {
            "example_id": [number.to_bytes(16, "big") for number in range(len(splits))],
            "split": splits,
            "label": pl.Series(
                [
                    int(one) if is_known else None
                    for one, is_known in zip(labels, known, strict=True)
                ],
                dtype=pl.Int32,
            ),
            "part": ["made"] * len(splits),
            "row": range(len(splits)),
            "features": evidence.tolist(),
        }
    )
    encoder = fit_encoder(
        table.filter(pl.col("split") == "train"), "features", CLASSES, (len(CLASSES),)
    )
    (folder / "encoder").mkdir(parents=True)
    write_encoder(encoder, folder / "encoder")
    write_table(table, folder / "examples.parquet")
    return Examples(TableFile(folder / "examples.parquet"), folder / "encoder", labels, evidence)


def planted(examples: Examples, noise: Mapping[str, float] = NOISE, seed: int = 1) -> Planted:
    """Return calibrated models that see the same evidence, each with additional noise of its own.

    Args:
        examples: their evidence has noise of variance 1.
        noise: variance of all the noise in what each arm sees, 1 or more.
        seed: of the random numbers.
    """
    draws = np.random.default_rng(seed)
    names = {TEACHER: TEACHER} | {run.name: run.arm for run in runs((CONTROL, STUDENT), SEEDS)}
    logits = {}
    for name, arm in names.items():
        added = np.sqrt(noise[arm] - 1) * draws.standard_normal(examples.evidence.shape)
        logits[name] = STRENGTH / noise[arm] * (examples.evidence + added)
    return Planted(examples, logits)


def evaluation_documents(
    predictions: pl.DataFrame,
    examples: TableFile,
    encoder: Path,
    rest: Documents,
    slices: Mapping[str, str] = {},
) -> Documents:
    """Return the documents that evaluate writes for some predictions, and the rest as given.

    The predictions are written beside the encoder.
    """
    write_table(predictions, encoder.parent / "predictions.parquet")
    table = TableFile(encoder.parent / "predictions.parquet")
    how = Evaluate(
        seeds=SEEDS,
        full_logits=False,
        bins=15,
        latency_images=1,
        energy_seconds=0.2,
        sanity="stop",
        slices=dict(slices),
    )
    inputs = {
        "predictions": table,
        "examples": examples,
        "encoder": encoder,
        "params:evaluate": how,
        "data_alarms": [],
        "teacher_alarms": [],
    }
    written = _run(create_pipeline().only_nodes_with_inputs("predictions"), inputs)
    names = ("statistics", "reliability", "confusion", "slices", "dark_knowledge", "disagreements")
    names = (*names, "turns")
    stored = {name: _stored(written[name]) for name in names}
    return rest | {"encoder": encoder, "metrics": written["metrics"]} | stored


def _run(stage: Pipeline, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Run nodes as Kedro does; return their outputs by name."""
    catalog = DataCatalog({name: MemoryDataset(value) for name, value in inputs.items()})
    outputs = SequentialRunner().run(stage, catalog)
    return {name: output.load() for name, output in outputs.items()}


@dataclass(frozen=True)
class Top:
    """The top of the page, as a reader sees it."""

    headline: str
    cautions: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)


def top_of(documents: Documents) -> Top:
    """Return the words before the first table of the page."""
    header = page_of(documents).partition("<header")[2].partition("</header>")[0]
    paragraphs = [html.unescape(text) for text in re.findall(r"<p>(.*?)</p>", header, re.DOTALL)]
    cautions = re.findall(r'<p class="caution" role="alert">(.*?)</p>', header, re.DOTALL)
    (headline,) = re.findall(r"<h1>(.*?)</h1>", header, re.DOTALL)
    return Top(html.unescape(headline), [html.unescape(one) for one in cautions], paragraphs)


def _softmax(logits: Doubles) -> Doubles:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def _stored(document: Any) -> Any:
    """Return a document after it was written and read back."""
    return json.loads(json.dumps(document, allow_nan=False))
