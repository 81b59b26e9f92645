"""Model cards: the licences of the front matter, and files that are hostile."""

import os
import resource
from pathlib import Path
from time import process_time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.licences_and_lineage import write_card

from stillroom.errors import DataError
from stillroom.teachers.licences.model_card_licence import (
    LONGEST,
    MOST_BYTES,
    MOST_LICENCES,
    read_licences,
)


@pytest.mark.parametrize(
    ("front", "licences"),
    [
        ("license: mit", ("mit",)),
        ("license: 'Apache-2.0'\ntags: [a, {b: c}]", ("Apache-2.0",)),
        ("tags:\n- license: gpl\nlicense: mit", ("mit",)),
        ("base:\n  license: gpl\nlicense: mit", ("mit",)),
        ("license:\n- mit\n- apache-2.0", ("mit", "apache-2.0")),
        ("license: [mit, [deep]]", ("mit",)),
        ("license: no", ("no",)),
        ("license: 1.0", ("1.0",)),
        ("license: other\nlicense_name: deepseek\nlicense_link: LICENSE", ("deepseek",)),
        ("license: unknown", ()),
        ("license: other", ()),
        ("license_name: deepseek", ()),
        ("license:", ()),
        ("license: null", ()),
        ("license: {mit: yes}", ()),
        ("tags: [a]", ()),
        ("", ()),
        ("license: !!python/object/apply:os.system [exit 3]", ("exit 3",)),
        ("license: !!int mit", ("mit",)),
    ],
)
def test_the_front_matter_says_which_licences(
    tmp_path: Path, front: str, licences: tuple[str, ...]
) -> None:
    write_card(tmp_path, front)
    assert read_licences(tmp_path) == licences


def test_without_a_card_there_is_nothing_and_without_a_front_matter_no_licence(
    tmp_path: Path,
) -> None:
    assert read_licences(tmp_path) is None
    (tmp_path / "README.md").write_text("# A model\n\nlicense: mit\n")
    assert read_licences(tmp_path) == ()
    (tmp_path / "README.md").write_bytes(b"")
    assert read_licences(tmp_path) == ()


def test_the_card_lies_beside_a_single_file(tmp_path: Path) -> None:
    write_card(tmp_path, "license: gemma")
    (tmp_path / "model.gguf").touch()
    assert read_licences(tmp_path / "model.gguf") == ("gemma",)


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbf---\nlicense: mit\n---\n", b"---\r\nlicense: mit\r\n---\r\n"]
)
def test_marks_and_line_ends_of_other_systems_do_not_matter(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "README.md").write_bytes(content)
    assert read_licences(tmp_path) == ("mit",)


BILLION = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("front", "words"),
    [
        (BILLION + "license: mit", "it has an alias"),
        ("license: mit\nlicense: llama2", "license occurs twice"),
        ("license: [mit", "is not YAML"),
        ("license: mit\n\tb: c", "is not YAML"),
        ("[license, mit]", "not a mapping"),
        ("just words", "not a mapping"),
        ("? [a, b]\n: c\nlicense: mit", "a key is not text"),
        ("x: " + "[" * 100_000, "nested more than 64 deep"),
        ("x: " + "{a: " * 100_000, "nested more than 64 deep"),
    ],
    ids=lambda value: value[:12],
)
def test_a_hostile_front_matter_is_refused_at_once_in_one_line(
    tmp_path: Path, front: str, words: str
) -> None:
    path = write_card(tmp_path, front)
    started = process_time()
    with pytest.raises(DataError, match=words) as raised:
        read_licences(tmp_path)
    assert process_time() - started < 1
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_card_of_100_megabytes_is_read_no_further_than_its_front_matter_may_reach(
    tmp_path: Path,
) -> None:
    path = write_card(tmp_path, "license: mit", body="")
    with path.open("r+b") as stream:
        stream.truncate(100 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert read_licences(tmp_path) == ("mit",)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 40 << 20
    path.write_bytes(b"---\n" + b"# x\n" * (MOST_BYTES // 4))
    with pytest.raises(DataError, match=r"does not end within 2,097,152 bytes"):
        read_licences(tmp_path)


def test_as_many_scores_as_fit_are_walked_in_seconds(tmp_path: Path) -> None:
    line = "- {type: accuracy, value: 0.5}\n"
    scores = "model-index:\n" + line * ((MOST_BYTES - 100) // len(line))
    write_card(tmp_path, scores + "license: mit", body="")
    started = process_time()
    assert read_licences(tmp_path) == ("mit",)
    assert process_time() - started < 10


def test_a_pipe_and_a_folder_are_no_cards(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "README.md")
    with pytest.raises(DataError, match="is not a regular file"):
        read_licences(tmp_path)
    (tmp_path / "README.md").unlink()
    (tmp_path / "README.md").mkdir()
    with pytest.raises(DataError, match="is not a regular file"):
        read_licences(tmp_path)


def test_a_value_is_short_and_cannot_drive_a_terminal(tmp_path: Path) -> None:
    write_card(tmp_path, 'license: "\\e[2Jmit' + "x" * 500 + '"')
    (licence,) = read_licences(tmp_path) or ()
    assert licence.startswith("\ufffd[2Jmit")
    assert len(licence) == LONGEST
    write_card(tmp_path, f"license: [{','.join('abcdefghijklmnop')}]")
    assert read_licences(tmp_path) == tuple("abcdefgh"[:MOST_LICENCES])


@given(st.binary(max_size=200))
def test_any_bytes_give_texts_or_an_error_of_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "bytes"
    folder.mkdir(exist_ok=True)
    (folder / "README.md").write_bytes(b"---\n" + content + b"\n---\n")
    try:
        licences = read_licences(folder)
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert licences is not None
        assert all(isinstance(one, str) and one.isprintable() for one in licences)


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=30))
def test_what_a_yaml_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "names"
    write_card(folder, yaml.safe_dump({"tags": ["a"], "license": f"x-{name}"}).rstrip("\n"))
    assert read_licences(folder) == (f"x-{name}",)
