"""Digests of the files of teachers and tokenizers change with each file that is read, no other."""

from pathlib import Path

import pytest

from stillroom.config.dvc.watched_files import digest_outside, teacher_digest, tokenizer_digest
from stillroom.teachers.teacher_kind import TeacherKind


def files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def is_watched(name: str, folder: Path, section: dict[str, object], root: Path) -> bool:
    before = teacher_digest(section, root)
    (folder / name).write_text("changed")
    return teacher_digest(section, root) != before


def test_a_listed_folder_is_watched_with_all_that_is_not_hidden(tmp_path: Path) -> None:
    names = ("config.json", "deep/model.bin", ".git/index", ".hidden", "README.md")
    folder = files(tmp_path / "m", *names)
    section = {"source": "given", "path": "m", "licence": "mit"}
    watched = {name: is_watched(name, folder, section, tmp_path) for name in names}
    assert [name for name in names if watched[name]] == [
        "config.json", "deep/model.bin", "README.md"
    ]  # fmt: skip


def test_a_listed_onnx_file_is_watched_with_the_encoder_beside_it(tmp_path: Path) -> None:
    names = ("net.onnx", "preprocessor_config.json", "tokenizer.json", "notes.txt", "README.md")
    folder = files(tmp_path / "m", *names)
    section = {"source": "onnx", "path": "m/net.onnx", "licence": None}
    watched = {name: is_watched(name, folder, section, tmp_path) for name in names}
    assert watched == {name: name != "notes.txt" for name in names}
    section["licence"] = "mit"  # so that the card is not read
    assert not is_watched("README.md", folder, section, tmp_path)


def test_the_digest_is_the_same_elsewhere_and_at_another_time(tmp_path: Path) -> None:
    one, two = files(tmp_path / "1", "m/a", "m/b"), files(tmp_path / "2" / "deep", "m/a", "m/b")
    section = {"source": "given", "path": "m"}
    assert teacher_digest(section, one) == teacher_digest(section, two)
    (two / "m/b").rename(two / "m/c")
    assert teacher_digest(section, one) != teacher_digest(section, two)


def test_of_one_teacher_only_the_files_outside_of_its_path_are_added(tmp_path: Path) -> None:
    folder = files(tmp_path / "m", "net.onnx", "x.gguf", "model.onnx")
    onnx = {"source": "onnx", "path": "m/net.onnx", "licence": None}
    assert digest_outside(onnx, tmp_path) is None
    (folder / "preprocessor_config.json").write_text("{}")
    before = digest_outside(onnx, tmp_path)
    assert before is not None
    (folder / "net.onnx").write_text("DVC sees this itself")
    assert digest_outside(onnx, tmp_path) == before
    (folder / "preprocessor_config.json").write_text("[]")
    assert digest_outside(onnx, tmp_path) not in (None, before)
    assert digest_outside(onnx | {"path": "m"}, tmp_path) is None  # DVC watches the folder
    assert digest_outside({"source": "trained", "path": "m"}, tmp_path) is None
    assert digest_outside({"source": "given", "path": "m/x.gguf"}, tmp_path) is None


def test_a_kind_without_a_path_is_not_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stillroom.teachers.teacher_registry import REGISTRY

    remote = type("Remote", (TeacherKind,), {"has_path": False})
    monkeypatch.setattr(type(REGISTRY), "load", lambda *_: remote)
    section = {"source": "remote", "path": "m"}
    assert teacher_digest(section, tmp_path) is digest_outside(section, tmp_path) is None


@pytest.mark.parametrize(
    ("name", "is_watched"),
    [
        ("tokenizer.json", True),
        ("vocab.txt", True),
        ("vocab.json", True),
        ("merges.txt", True),
        ("vocab.bpe", True),
        ("encoder.json", True),
        ("tekken.json", True),
        ("spiece.model", True),
        ("tokenizer.model", True),
        ("tokenizer_config.json", True),
        ("special_tokens_map.json", True),
        ("added_tokens.json", True),
        ("config.json", True),
        ("model.safetensors", False),
        ("x.gguf", False),
    ],
)
def test_of_a_folder_with_a_tokenizer_only_its_files_are_watched(
    tmp_path: Path, name: str, is_watched: bool
) -> None:
    folder = files(tmp_path / "t", "config.json", name)
    before = tokenizer_digest("t", tmp_path)
    (folder / name).write_text("changed")
    assert (tokenizer_digest("t", tmp_path) != before) == is_watched


@pytest.mark.parametrize("configured", ["t", "t/x.gguf"])
def test_the_tokenizer_of_a_gguf_is_watched_with_the_file(tmp_path: Path, configured: str) -> None:
    folder = files(tmp_path / "t", "x.gguf")
    before = tokenizer_digest(configured, tmp_path)
    (folder / "x.gguf").write_text("changed")
    assert tokenizer_digest(configured, tmp_path) != before


@pytest.mark.parametrize("given", ["x-00001-of-00003.gguf", "x-00002-of-00003.gguf"])
def test_of_a_gguf_in_parts_the_first_is_watched(tmp_path: Path, given: str) -> None:
    folder = files(tmp_path / "t", *(f"x-0000{number}-of-00003.gguf" for number in (1, 2, 3)))
    before = tokenizer_digest(f"t/{given}", tmp_path)
    (folder / "x-00001-of-00003.gguf").write_text("changed")
    assert tokenizer_digest(f"t/{given}", tmp_path) != before


def test_a_tokenizer_that_does_not_exist_is_no_error_here(tmp_path: Path) -> None:
    assert tokenizer_digest("none", tmp_path) == tokenizer_digest("no/such/x.gguf", tmp_path)
