"""A reader written only from docs/soft-labels.md gives the numbers of Stillroom's own reader."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.softlabels import spec_reader
from support.softlabels.linear_teachers import (
    Captured,
    MemoryInputs,
    capture,
    capture_inputs,
    linear,
    token_inputs,
    write_set,
)

from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store

KINDS: list[tuple[Sparsifier, list[float]]] = [
    (Full(), [1.0, 2.5]),
    (TopK(k=2, temperatures=(1.0, 4.0)), [1.0, 4.0]),
    (Threshold(entries=2.0, tau=0.1, temperature=2.0), [2.0]),
    (FixedThreshold(k=3, temperature=2.0), [2.0]),
    (Sample(samples=20, temperature=2.0), [2.0]),
]
ROWS = {"classes": capture_inputs(40), "tokens": token_inputs(20)}


def require_equal(made: Captured, temperature: float) -> None:
    names = made.capture_inputs.names[::-1]
    own = made.labels.distributions(names, temperature).dense()
    theirs = spec_reader.distributions(made.folder, names, temperature)
    assert own.shape == theirs.shape
    np.testing.assert_allclose(theirs, own, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize(("kind", "temperatures"), KINDS, ids=lambda of: getattr(of, "kind", ""))
def test_a_set_of_one_teacher(
    tmp_path: Path, kind: Sparsifier, temperatures: list[float], rows: str
) -> None:
    made = capture(tmp_path / "set", 1, kind, ROWS[rows])
    for temperature in temperatures:
        require_equal(made, temperature)


@pytest.mark.parametrize(
    ("kind", "mean"),
    [(Full(), "probability"), (Full(), "logit"), (KINDS[2][0], "probability")],
    ids=["full, probabilities", "full, logits", "threshold, probabilities"],
)
def test_an_ensemble_of_two_teachers(tmp_path: Path, kind: Sparsifier, mean: Any) -> None:
    require_equal(capture(tmp_path / "set", 2, kind, ROWS["tokens"], mean), 2.0)


def test_views_and_draws_are_found_by_name(tmp_path: Path) -> None:
    plain = ROWS["classes"]
    moved = tuple(replace(row, view=1, input_key=row.input_key[::-1]) for row in plain.rows)
    second = tuple(replace(row, draw=1) for row in plain.rows)
    inputs = MemoryInputs(
        plain.rows + moved + second,
        plain.inputs + tuple(-one for one in plain.inputs) + plain.inputs,
    )
    require_equal(capture(tmp_path / "set", 1, KINDS[4][0], inputs), 2.0)


def test_a_flipped_bit_of_a_shard_or_of_the_manifest_is_seen(tmp_path: Path) -> None:
    member = linear(1, KINDS[2][0])
    labels = write_set(tmp_path / "set", [member], ROWS["classes"], Store(tmp_path / "store"))
    for path in (tmp_path / "set" / "manifest.json", *(tmp_path / "set" / "shards").iterdir()):
        content = path.read_bytes()
        at = content.rindex(b"0.1") + 2 if path.suffix == ".json" else len(content) // 2
        path.write_bytes(content[:at] + bytes([content[at] ^ 2]) + content[at + 1 :])
        with pytest.raises(ValueError, match=r"damaged|fingerprint"):
            spec_reader.distributions(labels.folder, ROWS["classes"].names, 2.0)
        path.write_bytes(content)
