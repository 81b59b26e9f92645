"""Sentence encoders: the encoder runs once over the labelled texts, in `teachers`."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pytest
from support.examples.image_examples import written
from support.examples.text_examples import sentence_folder, text_data, text_table
from support.licences_and_lineage import own_licence
from torch import Tensor

from stillroom.config.compose import compose
from stillroom.config.schema import GivenTeacher, SoftLabels
from stillroom.data.encoders import read_encoder
from stillroom.data.ingest.ingest_examples import ingest
from stillroom.io.tables import TableFile, write_table
from stillroom.models.architectures.sentence_encoder import SentenceForSequenceClassification
from stillroom.models.pretrained.model_directory import EXACT
from stillroom.pipelines.capture.datasets import UnverifiedLabels
from stillroom.pipelines.capture.nodes import capture, refer_to_teachers, verify
from stillroom.softlabels.format.manifest import MANIFEST
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.teachers.given_teachers import prepare_teachers
from stillroom.teachers.teacher_kind import Preparation

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = replace(SoftLabels(**compose(ROOT)["softlabels"]), rows_per_shard=1000)
STORE = Path(".stillroom") / "store"


@dataclass
class Project:
    """A project with texts; `passes` has the number of rows of each batch of the encoder."""

    examples: TableFile
    encoder: Path
    passes: list[int]

    def prepare(self) -> None:
        """Fit the head of a teacher, as the stage `teachers` does."""
        given = GivenTeacher(source="sentence", path="mine")
        preparation = Preparation(Path.cwd(), self.examples, read_encoder(self.encoder), EXACT)
        prepare_teachers([given], Path("ensemble"), preparation)

    def captured(self, settings: SoftLabels = SETTINGS) -> SoftLabelSet:
        dataset = UnverifiedLabels(".stillroom/unverified_labels")
        refs = refer_to_teachers(Path("ensemble"), "float32", "cpu")
        licence = own_licence(1).to_json()
        dataset.save(capture(self.examples, self.encoder, refs, licence, [], settings, "stop"))
        return dataset.load()

    def verified(self, labels: SoftLabelSet) -> None:
        refs = refer_to_teachers(Path("ensemble"), "float32", "cpu")
        verify(labels, self.examples, self.encoder, refs, [], SETTINGS, "stop")


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    rows: list[int] = []
    real = SentenceForSequenceClassification._encoded

    def recording(model: object, input_ids: Tensor, mask: Tensor, hidden: bool) -> object:
        rows.append(len(input_ids))
        return real(model, input_ids, mask, hidden)  # type: ignore[arg-type]

    monkeypatch.setattr(SentenceForSequenceClassification, "_encoded", recording)
    return rows


@pytest.fixture
def project(here: Path, passes: list[int]) -> Project:
    text_table(here / "t.csv")
    made = ingest(text_data(), here)
    write_table(made.examples, here / "examples.parquet")
    sentence_folder(here / "mine")
    encoder = written(made.encoder, here / "encoder")
    project = Project(TableFile(here / "examples.parquet"), encoder, passes)
    project.prepare()
    passes.clear()
    return project


def test_capture_runs_the_encoder_only_over_texts_that_the_fit_has_not_seen(
    project: Project,
) -> None:
    tests = project.examples.read().filter(pl.col("split") == "test")
    project.captured()
    kept = sum(project.passes)
    shutil.rmtree(STORE)
    project.passes.clear()
    project.captured()
    assert len(tests) <= kept < sum(project.passes)


def test_a_clone_without_the_kept_embeddings_captures_the_same_bytes(project: Project) -> None:
    first = (project.captured().folder / MANIFEST).read_bytes()  # it has each shard's SHA-256
    shutil.rmtree(STORE)
    assert (project.captured().folder / MANIFEST).read_bytes() == first


def test_a_second_capture_runs_the_encoder_only_over_unseen_texts_again(project: Project) -> None:
    project.captured()
    first = sum(project.passes)
    shutil.rmtree(STORE / "captures")
    project.passes.clear()
    project.captured()
    assert sum(project.passes) == first


def test_damaged_embeddings_do_not_reach_the_labels(project: Project) -> None:
    (path,) = (STORE / "embeddings").glob("*.safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 64
    path.write_bytes(content)
    damaged = (project.captured().folder / MANIFEST).read_bytes()
    shutil.rmtree(STORE)
    assert (project.captured().folder / MANIFEST).read_bytes() == damaged


def test_verify_runs_the_encoder_and_agrees(project: Project) -> None:
    labels = project.captured()
    project.passes.clear()
    project.verified(labels)
    assert len(project.passes) >= len(labels.manifest.members[0].shards)
