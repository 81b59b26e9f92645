"""Teacher references: sorted members with the hashes of their files."""

from pathlib import Path

import pytest
from support.examples.image_examples import image_examples, untrained_teachers

from stillroom.errors import ModelError
from stillroom.io.files.hashing import sha256_file
from stillroom.teachers.stored_teachers import teacher_refs


def test_members_are_sorted_and_hashed(tmp_path: Path) -> None:
    folder = untrained_teachers(image_examples(tmp_path), tmp_path / "teachers", members=3)
    refs = teacher_refs(folder)
    assert [ref.path.name for ref in refs] == ["member_0", "member_1", "member_2"]
    assert len({ref.weights for ref in refs}) == 3
    assert refs[1].weights == sha256_file(folder / "member_1" / "model.safetensors")
    assert refs[1].architecture == sha256_file(folder / "member_1" / "config.json")


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_teachers_says_what_writes_them(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="kedro run --pipeline=teachers"):
        teacher_refs(tmp_path / name)


def test_an_incomplete_member_is_named(tmp_path: Path) -> None:
    folder = untrained_teachers(image_examples(tmp_path), tmp_path / "teachers", members=2)
    (folder / "member_1" / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"member_1.*model\.safetensors does not exist"):
        teacher_refs(folder)
