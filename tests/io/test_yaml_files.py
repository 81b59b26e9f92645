"""YAML files: plain values are read as PyYAML reads them; anything else is one line."""

import os
import time
from pathlib import Path

import pytest
import yaml

from stillroom.errors import ConfigError
from stillroom.io.yaml_files import DEEPEST, MOST_BYTES, MOST_VALUES, read_yaml

LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(12)
)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "a.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [x, 2.5, null, true]\n",
        "base: &base {k: 1, l: 2}\nmine:\n  <<: *base\n  l: 3\n",
        "shared: &s [1, 2]\none: *s\ntwo: *s\n",
        '{"json": {"a": [1, "ü"]}}',
        "",
        "\ufeffa: 1\n",
        "'quoted': !!str 3\n",
    ],
)
def test_plain_values_are_those_of_pyyaml(tmp_path: Path, text: str) -> None:
    assert read_yaml(written(tmp_path, text)) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (LAUGHS, "with its aliases it has more than"),
        ("t: &t " + "x" * 500_000 + "\nu: [" + "*t, " * 20 + "]\n", "characters"),
        ("a: *a\n", "no value before it"),
        ("a: &a [*a]\n", "no value before it"),
        ("a: 1\nb: 2\na: 3\n", "the key a occurs twice"),
        ("o:\n  i: {k: 1, k: 2}\n", "the key k occurs twice"),
        ("? [a, b]\n: 1\n", "a key is not a text"),
        ("a: !!python/object/apply:os.system ['true']\n", "only plain values"),
        ("a: !include b.yaml\n", "the tag !include is not read"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested more than"),
        ("[" * 100_000, "nested more than"),
        ("a: [1, 2\n", "is not YAML"),
        ("a: " + "9" * 5000 + "\n", "is not YAML"),
        ("a: 2026-13-01\n", "is not YAML"),
        (b"a: \xff\xfe\n", "is not UTF-8 (byte 3)"),
        ("a: \x1b]52;c;x\x07\n", "is not YAML"),
        (b"x" * (MOST_BYTES + 1), "more than 1,048,576 bytes"),
        ("[" + "0," * (MOST_VALUES + 1) + "]", "more than 50,000 values"),
    ],
)
def test_what_is_no_plain_configuration_is_one_line(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    started = time.perf_counter()
    with pytest.raises(ConfigError) as error:
        read_yaml(written(tmp_path, content))
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert time.perf_counter() - started < 5


def test_a_pipe_and_a_missing_file_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="not a regular file"):
        read_yaml(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="does not exist"):
        read_yaml(tmp_path / "absent")
