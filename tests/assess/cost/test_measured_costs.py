"""Costs of several models: they add up, and one architecture is measured once."""

from pathlib import Path

import polars as pl
import pytest
from support.examples.image_examples import ImageExamples, image_examples

from stillroom.assess.cost import measured_costs
from stillroom.assess.cost.measured_costs import (
    ModelRun,
    Trial,
    answers_read,
    costs_of,
    transfer_rows,
)
from stillroom.config.schema import Transfer
from stillroom.data.encoders import read_encoder
from stillroom.errors import ModelError
from stillroom.evaluation.cost.energy import Energy, MeterError
from stillroom.evaluation.cost.memory_process import Memory
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import EXACT, architecture_hash, save_model


def a_model(made: ImageExamples, folder: Path, hidden: int, seed: int) -> ModelRun:
    model = build("mlp", {"hidden": [hidden]}, made.shape, seed)
    save_model(model, read_encoder(made.encoder), folder)
    return ModelRun(folder, architecture_hash(folder), EXACT)


@pytest.fixture
def made(tmp_path: Path) -> ImageExamples:
    return image_examples(tmp_path)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that receives the name of each model whose memory is measured.

    Memory and energy take seconds; the tests of `memory_probe` and of `energy` measure them.
    """
    probed: list[str] = []

    def memory(path: Path, inference: object, inputs: object) -> Memory:
        probed.append(path.name)
        return Memory(loaded_bytes=1_000_000 * len(probed), peak_bytes=1_500_000 * len(probed))

    monkeypatch.setattr(measured_costs, "memory_alone", memory)
    monkeypatch.setattr(measured_costs, "energy_of", lambda *given: Energy(36.0, is_estimate=False))
    (tmp_path / "clear_refs").touch()
    monkeypatch.setattr(measured_costs, "CLEAR_REFS", tmp_path / "clear_refs")
    return probed


def a_trial(made: ImageExamples, calls: int = 1) -> Trial:
    timed = made.examples.read().filter(pl.col("split") == "test").head(3)
    return Trial(timed, calls, seconds=0.2)


def test_members_of_one_architecture_are_measured_once_and_counted_each(
    made: ImageExamples, alone: list[str], tmp_path: Path
) -> None:
    narrow = [a_model(made, tmp_path / f"narrow_{seed}", 32, seed) for seed in (0, 1)]
    wide = a_model(made, tmp_path / "wide", 48, seed=0)
    cost = costs_of([narrow[0], wide, narrow[1]], a_trial(made, calls=2))
    assert alone == ["narrow_0", "wide"]
    of_narrow, of_wide = 64 * 32 + 32 + 32 * 3 + 3, 64 * 48 + 48 + 48 * 3 + 3
    assert cost["parameters"] == 2 * of_narrow + of_wide
    assert cost["flops"] == 2 * (2 * (64 * 32 + 32 * 3) + 64 * 48 + 48 * 3)
    # 1, 2 and 1 MB are loaded; activations take 0.5 or 1 MB at a time.
    assert (cost["loaded_megabytes"], cost["peak_megabytes"]) == (4.0, 5.0)
    # 36 J are 10 mWh, for each of the three.
    assert cost["watt_hours_per_thousand"] == 30.0
    assert cost["energy_is_estimate"] == 0


def test_where_no_process_tells_its_peak_memory_has_no_number(
    made: ImageExamples, alone: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured_costs, "CLEAR_REFS", tmp_path / "none")
    cost = costs_of([a_model(made, tmp_path / "one", 32, seed=0)], a_trial(made))
    assert alone == []
    assert "peak_megabytes" not in cost
    assert cost["parameters"] == 64 * 32 + 32 + 32 * 3 + 3


def test_a_meter_that_fails_costs_its_own_number_alone(
    made: ImageExamples, alone: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MeterError("no energy")

    monkeypatch.setattr(measured_costs, "energy_of", fail)
    cost = costs_of([a_model(made, tmp_path / "one", 32, seed=0)], a_trial(made))
    assert "watt_hours_per_thousand" not in cost
    assert "peak_megabytes" in cost


def test_a_student_takes_a_share_of_the_classes_that_it_is_not_spared() -> None:
    # 8 training rows: 4 cats, 3 dogs and one without a label.
    labels = [0, 0, 0, 0, 1, 1, 1, None, 0, 1]
    rows = pl.DataFrame(
        {"split": ["train"] * 8 + ["test"] * 2, "label": labels},
        schema_overrides={"label": pl.Int32},
    )
    for share, without, count in ((1.0, [], 8), (0.5, [], 4), (1.0, ["dog"], 5), (0.6, ["cat"], 2)):
        transfer = Transfer(share=share, without=without, balance=[])
        assert transfer_rows(rows, transfer, ("cat", "dog")) == count


def test_answers_are_read_by_students_in_each_epoch_and_by_no_control() -> None:
    runs = ("control", "student", "control_1", "student_1", "full_logits")
    curves = [{"model": name, "epoch": epoch} for name in runs for epoch in range(3)]
    assert answers_read(curves, 50) == 2 * 3 * 50
    assert answers_read([], 50) == 0


def test_a_missing_model_is_refused(made: ImageExamples, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Choose a Hugging Face model directory"):
        costs_of([ModelRun(tmp_path / "none", "0", EXACT)], a_trial(made))
