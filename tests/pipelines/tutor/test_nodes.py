"""Tutor: teachers that are given are taken over, or refused with a reason."""

from pathlib import Path

import pytest
from small_project import TRAINER, small, untrained_teachers

from stillroom.config.compose import compose
from stillroom.config.schema import Teacher
from stillroom.errors import ModelError
from stillroom.io.hashing import sha256_file
from stillroom.pipelines.tutor.nodes import tutor_teachers


def given(project: Path, path: str) -> Teacher:
    runtime = {"groups": {"teacher": "given"}, "teacher": {"path": path}}
    return Teacher(**compose(project, runtime)["teacher"])


def test_a_given_teacher_is_copied_and_has_no_curves(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    made = small(project)
    source = untrained_teachers(made, project / "mine", members=1) / "member_0"
    (source / "pytorch_model.bin").write_bytes(b"a pickle")
    teacher = given(project, "mine/member_0")
    folder, curves = tutor_teachers(made.examples, made.encoder, teacher, TRAINER)
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
    [("nowhere", "is no folder"), ("data/03_teachers/given", r"config\.json does not exist")],
)
def test_a_folder_that_holds_no_teacher_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, path: str, words: str
) -> None:
    monkeypatch.chdir(project)
    made = small(project)
    with pytest.raises(ModelError, match=words):
        tutor_teachers(made.examples, made.encoder, given(project, path), TRAINER)
