"""The worker, in this process: a student of tokens learns from a teacher with another encoding."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from support.examples.image_examples import ImageExamples, image_examples, written
from support.examples.text_examples import BERT, sentence_folder, text_data, text_table
from support.training.jobs import OBJECTIVE, a_fit, a_job, fitted

from stillroom.assess.predict.predict_classes import predict_classes
from stillroom.config.schema import Adapter, Architecture, Head
from stillroom.data.encoders import Encoder
from stillroom.data.ingest.ingest_examples import ingest
from stillroom.data.views.image_views import PLAIN
from stillroom.io.json.json_files import read_json
from stillroom.io.tables import TableFile, write_table
from stillroom.models.pretrained.model_directory import load_model, read_encoder
from stillroom.softlabels.capture.capture_set import (
    CaptureJob,
    CaptureRequest,
    capture_set,
    materialise,
    open_staged,
)
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.store.store import Store
from stillroom.teachers.capture_inputs import ExampleInputs
from stillroom.teachers.sentence_teacher import fit_sentence_teacher
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings, TeacherRef
from stillroom.training.process import worker
from stillroom.training.process.worker import run
from stillroom.training.resume_state import CURVES, gather_models
from stillroom.training.signals import StopRequest

TINY = Architecture(name="transformer", options=BERT | {"num_hidden_layers": 1})


@contextmanager
def quietly(label: str, rows: int) -> Iterator[Callable[[int], None]]:
    yield lambda done: None


def answers(
    made: ImageExamples, refs: tuple[TeacherRef, ...], encoder: Encoder, folder: Path
) -> SoftLabelSet:
    teacher = open_teacher(refs[0], CaptureSettings("none", 0, 32), encoder)
    jobs = (CaptureJob(teacher, ExampleInputs(made.examples, teacher.encoder, PLAIN, 1)),)
    store, one = Store(folder / "store"), Combination.of("probability", [1.0])
    wanted = CaptureRequest(jobs, Full(), one, store, 60, 100, encoder.classes)
    capture_set(wanted, folder / "staged", quietly, lambda line: None)
    materialise(open_staged(folder / "staged", store), folder / "set")
    return SoftLabelSet(folder / "set")


def test_a_small_transformer_learns_from_few_labels_and_a_sentence_encoder(tmp_path: Path) -> None:
    text_table(tmp_path / "t.csv", 150)
    ingested = ingest(text_data(labels_per_class=8, text={"length": 20}), tmp_path)
    write_table(ingested.examples, tmp_path / "examples.parquet")
    examples = TableFile(tmp_path / "examples.parquet")
    made = ImageExamples(examples, written(ingested.encoder, tmp_path / "encoder"))

    head = Head(strength=100.0, steps=500)
    member = tmp_path / "teachers" / "member_0"
    fit_sentence_teacher(
        sentence_folder(tmp_path / "s"), member, ingested.examples, ingested.encoder, head
    )
    refs = teacher_refs(tmp_path / "teachers")
    labels = answers(made, refs, ingested.encoder, tmp_path)
    train = ingested.examples.filter(pl.col("split") == "train")
    assert train["label"].count() == 24 < train.height
    assert len(labels.plain(train["example_id"].to_list(), 1.0).dense()) == train.height

    fit = a_fit(architecture=TINY, optimisation=fitted(epochs=4, batch_size=16))
    fits = [
        replace(fit, name="control", output="control"),
        replace(fit, objective=replace(OBJECTIVE, temperature=1.0)),
    ]
    work = tmp_path / "work"
    work.mkdir()
    job = a_job(made, work, fits=fits, soft_labels=str(labels.folder))
    try:
        run(job, StopRequest())
    finally:
        torch.use_deterministic_algorithms(False)
    gather_models(job, tmp_path / "students")
    students = {name: tmp_path / "students" / name for name in ("control", "student")}
    for path in students.values():
        assert read_encoder(path) == ingested.encoder
        assert load_model(path).config.id2label == {0: "app", 1: "card", 2: "money"}
    curve = [one for one in read_json(work / CURVES) if one["model"] == "student"]
    assert curve[-1]["train_loss"] < curve[0]["train_loss"]
    test = ingested.examples.filter(pl.col("split") == "test")
    predicted = predict_classes(test, ingested.encoder, refs, labels, students)
    teacher = open_teacher(refs[0], CaptureSettings("none", 0, 32), ingested.encoder)
    (logits,) = teacher.answer(teacher.encoder.encode(test))
    np.testing.assert_allclose(predicted["teacher"].to_list(), logits.softmax(dim=1), atol=1e-5)


def test_the_allocator_is_set_where_any_fit_trains_an_adapter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[None] = []
    monkeypatch.setattr(worker, "return_large_blocks", lambda: calls.append(None))
    adapter = Adapter(kind="lora", rank=8, alpha=16, dropout=0.0, targets=None)
    made = image_examples(tmp_path)
    plain, adapted = a_fit(), a_fit(name="adapted", adapter=adapter)
    worker.set_allocator(a_job(made, tmp_path, fits=[plain]))
    assert not calls
    worker.set_allocator(a_job(made, tmp_path, fits=[plain, adapted]))
    assert len(calls) == 1
