"""Given models: a path is needed, and what lies there is copied."""

from pathlib import Path

import pytest
from support.examples.image_examples import ENCODER, image_examples, untrained_teachers

from stillroom.config.schema import GivenTeacher
from stillroom.errors import ConfigError
from stillroom.io.files.hashing import sha256_file
from stillroom.models.pretrained.model_directory import EXACT
from stillroom.teachers.kinds.given_kind import Given
from stillroom.teachers.teacher_kind import Preparation


def test_the_model_at_the_path_is_copied(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    source = untrained_teachers(made, tmp_path / "mine", members=1) / "member_0"
    preparation = Preparation(tmp_path, made.examples, ENCODER, EXACT)
    Given().prepare(GivenTeacher(source="given", path="mine/member_0"), tmp_path / "t", preparation)
    copied, original = (
        sha256_file(path / "model.safetensors") for path in (tmp_path / "t", source)
    )
    assert copied == original


def test_without_a_path_there_is_nothing_to_copy(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    preparation = Preparation(tmp_path, made.examples, ENCODER, EXACT)
    with pytest.raises(ConfigError, match=r"of the kind given has no path\. Set teacher\.path"):
        Given().prepare(GivenTeacher(source="given"), tmp_path / "t", preparation)


def test_the_files_of_a_gguf_file_are_all_of_its_parts(tmp_path: Path) -> None:
    part = tmp_path / "m-00002-of-00003.gguf"
    part.touch()
    assert Given().files(part) == [tmp_path / f"m-0000{n}-of-00003.gguf" for n in (1, 2, 3)]
    assert Given().files(tmp_path / "m.gguf") == [tmp_path / "m.gguf"]
    assert Given().files(tmp_path) == [part]
