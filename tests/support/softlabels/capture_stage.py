"""A project with examples and two teachers; calls the nodes of capture as a run does."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from support.examples.image_examples import ImageExamples, image_examples, untrained_teachers
from support.licences_and_lineage import own_licence

from stillroom.config.compose import compose
from stillroom.config.schema import SoftLabels
from stillroom.data.encoders import read_encoder
from stillroom.io.tables import TableFile, write_table
from stillroom.models.pretrained.model_directory import load_model, save_model
from stillroom.pipelines.capture import datasets
from stillroom.pipelines.capture.nodes import capture, refer_to_teachers, verify
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.teachers import model_teacher
from stillroom.teachers.ensemble import ensemble_probabilities
from stillroom.teachers.stored_teachers import teacher_refs

ROOT = Path(__file__).resolve().parents[3]
COMPOSED = SoftLabels(**compose(ROOT)["softlabels"])
SETTINGS = replace(COMPOSED, batch_size=16, rows_per_shard=50, pilot=60)


@dataclass
class CaptureStage:
    """The stage in the project of the working directory.

    Attributes:
        inputs: each input that the teachers were given since the list was last cleared.
    """

    made: ImageExamples
    teachers: Path
    inputs: list[bytes]

    @staticmethod
    def settings(**values: Any) -> SoftLabels:
        return replace(SETTINGS, **values)

    @property
    def examples(self) -> TableFile:
        return self.made.examples

    def capture(self, settings: SoftLabels = SETTINGS) -> SoftLabelSet:
        """Run `capture`; return the staged set."""
        dataset = datasets.UnverifiedLabels(".stillroom/unverified_labels")
        refs = refer_to_teachers(self.teachers, "float32", "cpu")
        licence = own_licence(len(refs)).to_json()
        dataset.save(capture(self.examples, self.made.encoder, refs, licence, [], settings, "stop"))
        return dataset.load()

    def verified(self, labels: SoftLabelSet, settings: SoftLabels = SETTINGS) -> SoftLabelSet:
        refs = refer_to_teachers(self.teachers, "float32", "cpu")
        return verify(labels, self.examples, self.made.encoder, refs, [], settings, "stop")

    def run(self, settings: SoftLabels = SETTINGS) -> SoftLabelSet:
        """Run the stage; return the published set."""
        dataset = datasets.SoftLabels("data/04_soft_labels")
        dataset.save(self.verified(self.capture(settings), settings))
        return dataset.load()

    def input_count(self, settings: SoftLabels = SETTINGS) -> int:
        """Return how many inputs `capture` runs through the teachers."""
        self.inputs.clear()
        self.capture(settings)
        return len(self.inputs)

    def relabel(self) -> None:
        """Replace labels by the teachers' answers, so that untrained teachers agree with them."""
        frame = self.examples.read()
        refs = teacher_refs(self.teachers)
        even = Combination.of("probability", [1.0] * len(refs))
        p = ensemble_probabilities(refs, even, read_encoder(self.made.encoder), frame)
        own = pl.Series("label", p.argmax(axis=1).astype(np.int32))
        kept = pl.when(pl.col("label").is_not_null()).then(own).otherwise(None).alias("label")
        write_table(frame.with_columns(kept), self.examples.path)


@pytest.fixture
def inputs(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Record the inputs of every teacher."""
    keys: list[bytes] = []
    real = model_teacher.batches_of_logits

    def recording(model: Any, inputs: np.ndarray[Any, Any], batch_size: int) -> Iterator[Any]:
        keys.extend(one.tobytes() for one in inputs)
        yield from real(model, inputs, batch_size)

    monkeypatch.setattr(model_teacher, "batches_of_logits", recording)
    return keys


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a project that is nothing but its pyproject.toml."""
    monkeypatch.delenv("STILLROOM_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def sharpen(path: Path, made: ImageExamples) -> None:
    """Make a model sure of its answers, so that a few draws of an answer have its argmax."""
    model = load_model(path)
    with torch.no_grad():
        for last in list(model.parameters())[-2:]:
            last *= 60
    save_model(model, read_encoder(made.encoder), path)


@pytest.fixture
def capture_stage(here: Path, inputs: list[bytes]) -> CaptureStage:
    made = image_examples(here, unlabelled=10)
    stage = CaptureStage(made, untrained_teachers(made, here / "teachers"), inputs)
    for path in stage.teachers.iterdir():
        sharpen(path, made)
    stage.relabel()
    inputs.clear()
    return stage
