"""Checkpoints: equal after a round trip through one file without a pickle."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillroom.errors import DataError
from stillroom.training.fit import checkpoint
from stillroom.training.fit.checkpoint import SafetensorsCheckpointIO, read_tree, write_tree

VALUES = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats() | st.text()
TREES = st.recursive(
    VALUES,
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(-9, 9), inner),
    max_leaves=12,
)


def same(first: Any, second: Any) -> bool:
    if isinstance(first, float) and math.isnan(first):
        return math.isnan(second)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, dict):
        return list(first) == list(second) and all(same(first[key], second[key]) for key in first)
    return bool(first == second) and type(first) is type(second)


@given(TREES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_tree_of_plain_values_survives_the_file(tmp_path: Path, tree: Any) -> None:
    write_tree(tmp_path / "c", tree)
    assert same(read_tree(tmp_path / "c"), tree)


def test_tensors_of_any_kind_survive_bit_by_bit(tmp_path: Path) -> None:
    odd = torch.tensor([math.nan, -0.0, math.inf, 1e-45])
    tree = {
        "state": {0: {"step": torch.tensor(3.0), "m": odd}, 7: [torch.arange(6).view(2, 3).T]},
        "half": torch.ones(2, dtype=torch.bfloat16),
        "empty": [torch.empty(0), torch.empty((2, 0), dtype=torch.int64)],
        "flag": torch.tensor([True, False]),
    }
    write_tree(tmp_path / "c", tree)
    restored = read_tree(tmp_path / "c")
    assert list(restored["state"]) == [0, 7]
    assert restored["state"][0]["m"].view(torch.int32).tolist() == odd.view(torch.int32).tolist()
    assert restored["state"][0]["step"].shape == ()
    assert restored["state"][7][0].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert restored["half"].dtype == torch.bfloat16
    assert [tuple(one.shape) for one in restored["empty"]] == [(0,), (2, 0)]
    assert restored["empty"][1].dtype == torch.int64
    assert restored["flag"].tolist() == [True, False]


def test_tied_weights_are_stored_once(tmp_path: Path) -> None:
    tied = torch.zeros(1000)
    write_tree(tmp_path / "one", {"a": tied})
    write_tree(tmp_path / "two", {"a": tied, "b": tied, "c": tied.view(10, 100)})
    sizes = [(tmp_path / name).stat().st_size for name in ("one", "two")]
    assert sizes[1] < sizes[0] + 4000 + 500  # the view is a separate tensor, the tied one is not
    assert torch.equal(read_tree(tmp_path / "two")["b"], tied)


def test_a_tensor_is_copied_only_where_it_may_overlap_with_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: dict[str, int] = {}

    def note(tensors: dict[str, torch.Tensor], *rest: Any) -> None:
        written.update({name: one.data_ptr() for name, one in tensors.items()})

    monkeypatch.setattr(checkpoint, "save_file", note)
    monkeypatch.setattr(checkpoint, "write_with", lambda path, write: write(path))
    alone, shared, wide = torch.zeros(9), torch.zeros(8), torch.zeros(4, 4)
    tree = [alone, alone, shared, shared.view(2, 4), wide.T, wide[:2], torch.zeros(0)]
    write_tree(tmp_path / "c", tree)
    own = {at: [alone, shared, shared, wide, wide][at].data_ptr() for at in range(5)}
    assert [written[str(at)] == own[at] for at in range(5)] == [True, True, False, False, False]


def test_an_object_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="lists and dicts, not <class 'object'>"):
        write_tree(tmp_path / "c", {"a": object()})
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    "content", [b"", b"\x08\0\0\0\0\0\0\0{}      ", b"\x80\x04K\x01.", b"x" * 99]
)
def test_what_is_no_checkpoint_is_an_error_with_a_way_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c").write_bytes(content)
    with pytest.raises(DataError, match=r"is not a checkpoint .* Remove it to start"):
        read_tree(tmp_path / "c")


def test_lightnings_plugin_writes_whole_files_and_removes_them(tmp_path: Path) -> None:
    path, plugin = tmp_path / "c", SafetensorsCheckpointIO()
    plugin.save_checkpoint({"epoch": 1}, path)
    with pytest.raises(TypeError):
        plugin.save_checkpoint({"epoch": object()}, path)
    assert plugin.load_checkpoint(str(path)) == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["c"]
    plugin.remove_checkpoint(path)
    plugin.remove_checkpoint(path)
    assert list(tmp_path.iterdir()) == []
