"""The table of a set: its lines are those worked out by hand."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from support.softlabels.linear_teachers import (
    NAMES,
    Captured,
    MemoryInputs,
    capture_inputs,
    linear,
    write_set,
)

from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.reading.set_table import set_table
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store


def read(labels: SoftLabelSet) -> list[tuple[str, str]]:
    """Return the lines that a person reads, each as a name and a text."""
    out = StringIO()
    Console(file=out, width=250).print(set_table(labels))
    lines = out.getvalue().splitlines()
    start = len("bytes per row") + 2
    return [(line[:start].strip(), line[start:].strip()) for line in lines]


def of_shares(folder: Path, kind: Sparsifier, *shares: list[float]) -> SoftLabelSet:
    """Return a set of a teacher whose probabilities at temperature 1 are in these proportions."""
    answers = np.log(np.array(shares, np.float32))
    member = replace(linear(1, kind), weights=np.eye(4, dtype=np.float32))
    inputs = MemoryInputs(capture_inputs(len(shares), parts=1).rows, tuple(answers))
    return write_set(folder / "set", [member], inputs, Store(folder / "store"), class_names=NAMES)


def test_it_shows_teachers_numbers_and_the_missing_mass(captured: Captured) -> None:
    lines = dict(read(captured.labels))
    first, second = captured.labels.manifest.captures
    assert lines["rows"] == "25"
    assert lines["teachers"] == f"{1:064x}, {2:064x}"
    assert lines["sparsifier"] == "full"
    assert lines["bias"] == "none: every class is stored"
    assert lines["bytes"] == f"{captured.labels.manifest.bytes:,}"
    assert "," in lines["bytes"]
    assert lines["fingerprint"] == captured.labels.manifest.fingerprint
    assert lines["member 0"] == f"teacher {'0' * 16}, capture {first.fingerprint[:16]}"
    assert lines["member 1"].endswith(second.fingerprint[:16])
    assert read(captured.labels)[-2:] == [("", "mass 1.0000"), ("", "float32 on cpu, numpy")]


def test_the_mass_that_top_k_leaves_out_is_the_tails(tmp_path: Path) -> None:
    kind = TopK(k=2, temperatures=(1.0, 4.0))
    labels = of_shares(tmp_path, kind, [4, 2, 1, 1], [1, 1, 2, 4], [1, 5, 1, 1])
    # The heads are 6/8, 6/8 and 6/8.
    lines = read(labels)
    assert ("", "mass 0.7500, 25.00% missing, 2.0 entries a position") in lines
    assert dict(lines)["bias"] == "the mass beyond the 2 largest classes is known, not stored"
    assert dict(lines)["sparsifier"] == "topk (k 2, temperatures (1.0, 4.0))"


def test_the_mass_is_averaged_over_positions(tmp_path: Path) -> None:
    labels = of_shares(tmp_path, TopK(k=1, temperatures=(1.0,)), [13, 1, 1, 1], [1, 1, 13, 5])
    # 13/16 and 13/20.
    assert ("", "mass 0.7312, 26.88% missing, 1.0 entries a position") in read(labels)


def test_the_mass_is_shown_at_a_captured_temperature(tmp_path: Path) -> None:
    labels = of_shares(tmp_path, TopK(k=1, temperatures=(2.0,)), [16, 4, 1, 1])
    # At temperature 2 the shares are 4, 2, 1 and 1.
    assert ("", "mass 0.5000, 50.00% missing, 1.0 entries a position") in read(labels)


def test_nothing_is_missing_of_an_unbiased_set(tmp_path: Path) -> None:
    labels = of_shares(tmp_path, Sample(samples=1, temperature=1.0), [4, 2, 1, 1], [1, 1, 1, 1])
    lines = read(labels)
    assert ("", "mass 1.0000, 1.0 entries a position") in lines
    assert dict(lines)["bias"] == "none in expectation, at temperature 1 alone"


def test_a_set_is_shown_from_one_shard_of_each_member(captured: Captured) -> None:
    before = read(captured.labels)
    for number, member in enumerate(captured.labels.manifest.members):
        for shard in member.shards[1:]:
            captured.labels.path(number, shard).unlink()
    assert read(SoftLabelSet(captured.folder)) == before


@pytest.mark.parametrize("kind", [Full(), TopK(k=4, temperatures=(1.0,))], ids=["full", "topk"])
def test_all_that_is_kept_has_mass_one(tmp_path: Path, kind: Sparsifier) -> None:
    (mass,) = [t for _, t in read(of_shares(tmp_path, kind, [4, 2, 1, 1])) if t.startswith("mass")]
    whole = isinstance(kind, Full)
    expected = "mass 1.0000" if whole else "mass 1.0000, 0.00% missing, 4.0 entries a position"
    assert mass == expected
