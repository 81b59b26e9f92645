"""Given teachers: the model is copied, and nothing that lies beside it."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_project import ENCODER, small, untrained_teachers

from stillroom.errors import ModelError
from stillroom.teachers.given import take_over


@pytest.fixture
def given(tmp_path: Path) -> Path:
    return untrained_teachers(small(tmp_path), tmp_path / "mine", members=1) / "member_0"


def test_only_the_files_of_a_model_are_copied(given: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (given / "notes.txt").symlink_to(tmp_path / "secret")
    for name in ("evil.pth", "modeling.py", "pytorch_model.bin"):
        (given / name).write_text("no")
    take_over(given, tmp_path / "copy", ENCODER)
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
    ]


def test_a_link_in_a_models_place_is_refused(given: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (given / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match=r"README\.md is a link"):
        take_over(given, tmp_path / "copy", ENCODER)


def test_other_classes_are_refused_with_both_named(given: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"3 classes \(across, down.*have 2 classes \(cat"):
        take_over(given, tmp_path / "copy", replace(ENCODER, classes=("cat", "dog")))
