"""The examples run as they are with the real libraries, on a small captured corpus."""

import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.training.other_trainers import CapturedCorpus, captured_corpus

from stillroom.models.pretrained.model_directory import save_model

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MOST_LINES = 60


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as the project's `data`, with a student in `student`."""
    folder = tmp_path_factory.mktemp("project")
    made: CapturedCorpus = captured_corpus(folder / "02_examples")
    shutil.copytree(made.labels.folder, folder / "04_soft_labels")
    save_model(made.student(), made.corpus.fitted, folder / "student")
    return folder


@pytest.mark.parametrize("name", ["with_transformers_trainer", "with_trl"])
def test_an_example_trains_a_student_that_opens_again(
    name: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "with_trl":
        pytest.importorskip("trl", reason="trl is in the extra `trainers`")
    from transformers import AutoModelForCausalLM

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    main: Any = runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]
    trainer = main(str(data), str(data / "student"), str(tmp_path / "out"), epochs=3)
    losses = [one["loss"] for one in trainer.state.log_history if "loss" in one]
    assert len(losses) >= 6
    assert sum(losses[-3:]) < sum(losses[:3])
    AutoModelForCausalLM.from_pretrained(tmp_path / "out")


def test_an_example_has_at_most_60_lines() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in EXAMPLES.glob("*.py")}
    assert len(lengths) == 2
    assert max(lengths.values()) <= MOST_LINES
