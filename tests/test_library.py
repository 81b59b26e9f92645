"""The page for programs: each of its examples runs, in order, in a project of three classes."""

import re
import runpy
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support.softlabels.linear_teachers import capture, capture_inputs

PAGE = Path(__file__).resolve().parents[1] / "docs" / "library.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_each_example_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = capture_inputs(200)
    (tmp_path / "data" / "02_examples" / "examples").mkdir(parents=True)
    capture(tmp_path / "data" / "04_soft_labels", 2, None, inputs)
    pixels = np.random.default_rng(0).integers(0, 256, (200, 9), dtype=np.uint8)
    pl.DataFrame(
        {
            "example_id": inputs.example_ids,
            "split": ["train"] * 150 + ["test"] * 50,
            "label": [None if label < 0 else int(label) for label in inputs.labels],
            "image": [row.tobytes() for row in pixels],
        }
    ).write_parquet(tmp_path / "data" / "02_examples" / "examples" / "part.parquet")
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) == 8
    program = tmp_path / "program.py"
    program.write_text("\n".join(blocks), encoding="utf-8")
    names = runpy.run_path(str(program))
    assert names["p"].shape == (1, 4)  # of the last row that was yielded
    assert names["loss"].item() > 0
