"""Teachers: given teachers are imported, or refused with a reason."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from safetensors.torch import load_file
from support.examples.image_examples import image_examples, untrained_teachers, written
from support.examples.text_examples import sentence_folder, text_data, text_table
from support.licences_and_lineage import own_licence, write_card
from support.training.jobs import TRAINER, train_here

from stillroom.config.compose import compose
from stillroom.config.schema import Teacher
from stillroom.data.ingest.ingest_examples import ingest
from stillroom.errors import DataError, LicenceError, ModelError, SanityError
from stillroom.io.files.hashing import sha256_file
from stillroom.io.tables import TableFile, write_table
from stillroom.pipelines.teachers.nodes import check_licence, train_teachers
from stillroom.pipelines.teachers.pipeline import create_pipeline
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings
from stillroom.training.process import train_or_take

LICENCE = own_licence(1).to_json()


def given(project: Path, path: str) -> Teacher:
    runtime = {"groups": {"teacher": "given"}, "teacher": {"path": path}}
    return Teacher(**compose(project, runtime)["teacher"])


def test_a_given_teacher_is_copied_and_has_no_curves(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    made = image_examples(project)
    source = untrained_teachers(made, project / "mine", members=1) / "member_0"
    (source / "pytorch_model.bin").write_bytes(b"a pickle")
    teacher = given(project, "mine/member_0")
    folder, curves = train_teachers(
        made.examples, made.encoder, LICENCE, [], teacher, [], TRAINER, "stop"
    )
    assert curves == []
    copied = folder / "member_0"
    assert sorted(path.name for path in copied.iterdir()) == [
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
    ]
    assert sha256_file(copied / "model.safetensors") == sha256_file(source / "model.safetensors")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nowhere", r"nowhere does not exist\. Set it to a folder"),
        ("data/03_teachers/given", r"is an empty folder\. Copy a model there"),
    ],
)
def test_a_folder_that_holds_no_teacher_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, path: str, words: str
) -> None:
    monkeypatch.chdir(project)
    made = image_examples(project)
    with pytest.raises(ModelError, match=words):
        train_teachers(
            made.examples, made.encoder, LICENCE, [], given(project, path), [], TRAINER, "stop"
        )


def test_a_sentence_encoder_gets_a_head(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    text_table(project / "t.csv")
    made = ingest(text_data(), project)
    write_table(made.examples, project / "examples.parquet")
    encoder = written(made.encoder, project / "encoder")
    sentence_folder(project / "mine")
    values = compose(project)["teacher"] | {"source": "sentence", "members": 1, "path": "mine"}
    examples = TableFile(project / "examples.parquet")
    folder, curves = train_teachers(
        examples, encoder, LICENCE, [], Teacher(**values), [], TRAINER, "stop"
    )
    assert curves == []
    (ref,) = teacher_refs(folder)
    teacher = open_teacher(ref, CaptureSettings("none", 0, 16), made.encoder)
    train = made.examples.filter(pl.col("split") == "train")
    (logits,) = teacher.answer(teacher.encoder.encode(train))
    assert (logits.argmax(dim=1).numpy() == train["label"].to_numpy()).mean() > 0.5


def test_no_teacher_is_opened_before_its_licence_was_looked_at() -> None:
    nodes = {node.name: node for node in create_pipeline().nodes}
    assert nodes["check_licence"].inputs == ["params:teacher", "params:teachers"]
    assert "licence" in nodes["train_teachers"].inputs


@pytest.mark.parametrize("source", ["given", "sentence"])
def test_a_forbidden_teacher_is_refused_though_its_files_are_worthless(
    project: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.chdir(project)
    write_card(project / "mine", "license: llama3")  # but no weights, so it cannot run
    values = compose(project)["teacher"] | {"source": source, "members": 1, "path": "mine"}
    with pytest.raises(LicenceError, match=r"teacher mine is under llama3 .* 1\.b\.v"):
        check_licence(Teacher(**values), [])
    reason = "a student that is no language model"
    allowed = check_licence(Teacher(**values | {"licence_acknowledged": reason}), [])
    assert allowed["teachers"][0]["acknowledged"] == reason


def test_a_damaged_card_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    write_card(project / "mine", "license: [mit")
    with pytest.raises(DataError, match=r"front matter of .*README\.md is not YAML"):
        check_licence(given(project, "mine"), [])


def test_teachers_without_a_licence_of_their_own_number_are_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    made = image_examples(project)
    teacher, licence = given(project, "mine"), own_licence(2).to_json()
    with pytest.raises(LicenceError, match=r"covers 2 teachers, but there are 1"):
        train_teachers(made.examples, made.encoder, licence, [], teacher, [], TRAINER, "stop")


def test_an_alarm_about_the_data_stops_before_a_teacher_is_read() -> None:
    alarm = {"code": "duplicates", "text": "Much is read twice.", "way_out": "Remove it."}
    nothing: Any = None
    with pytest.raises(SanityError, match="Much is read twice"):
        train_teachers(nothing, nothing, LICENCE, [alarm], nothing, [], TRAINER, "stop")


def test_a_model_is_fine_tuned_under_the_licence_that_it_has(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setattr(train_or_take, "train", train_here)
    start = sentence_folder(project / "mine")
    text_table(project / "t.csv", 60)
    data = text_data(path="t.csv", text={"tokenizer": "mine"})
    ingested = ingest(data, project)
    write_table(ingested.examples, project / "examples.parquet")
    encoder = written(ingested.encoder, project / "encoder")
    runtime = {
        "groups": {"experiment": "text_intents", "teacher": "finetuned"},
        "data": {"source": "table", "path": "t.csv", "text": {"encoding": "tokens"}},
        "teacher": {"path": "mine", "members": 2, "epochs": 1, "lr": 1e-9},
        "student": {"architecture": {"name": "transformer"}},
    }
    composed = compose(project, runtime)
    teacher = Teacher(**composed["teacher"])
    with pytest.raises(LicenceError, match="The teacher mine names no licence"):
        check_licence(teacher, [])
    write_card(start, "license: llama3.1")
    licence = check_licence(teacher, [])
    assert [one["identifier"] for one in licence["teachers"]] == ["llama3.1"] * 2
    examples = TableFile(project / "examples.parquet")
    folder, curves = train_teachers(examples, encoder, licence, [], teacher, [], TRAINER, "stop")
    assert {record["model"] for record in curves} == {"teacher 1", "teacher 2"}
    given = load_file(start / "model.safetensors")
    first, second = (load_file(folder / f"member_{n}" / "model.safetensors") for n in range(2))
    for name, tensor in given.items():  # at this learning rate nothing moves
        torch.testing.assert_close(first[f"bert.{name}"], tensor, atol=1e-6, rtol=0)
    assert not torch.allclose(first["classifier.weight"], second["classifier.weight"], atol=1e-4)
