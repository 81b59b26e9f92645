"""The cost document of real models on disk, with known numbers for memory and energy."""

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pytest
from support.evaluation.run_on_disk import EVALUATE, RUN, Run, a_run
from support.training.jobs import EVERYTHING, fitted

from stillroom.assess.cost import measured_costs
from stillroom.assess.cost.energy_log import StageEnergy, log_energy, result_hash
from stillroom.config.schema import Architecture, Student
from stillroom.errors import ModelError
from stillroom.evaluation.cost.energy import Energy
from stillroom.evaluation.cost.memory_process import Memory
from stillroom.pipelines.evaluate.nodes import measure_cost
from stillroom.training.run_provenance import write_provenance


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return a_run(tmp_path)


STUDENT = Student(
    **asdict(fitted(epochs=7)),
    transfer=EVERYTHING,
    architecture=Architecture(name="mlp", options={"hidden": [32]}),
    seed=0,
)


@dataclass
class Costly:
    """A run, and the cost of its models."""

    run: Run
    cost: dict[str, dict[str, int | float]]


def measured(
    run: Run, teachers: Path, mode: Literal["cached", "live"] = "cached"
) -> dict[str, dict[str, int | float]]:
    return measure_cost(
        run.made.examples,
        run.made.encoder,
        run.labels,
        teachers,
        *RUN,
        run.students,
        run.students.parent / "every",
        [{"model": name, "epoch": n} for name in ("student", "control") for n in range(7)],
        STUDENT,
        mode,
        EVALUATE,
    )


@pytest.fixture(scope="module", autouse=True)
def memory_and_energy() -> Iterator[None]:
    """Give each model 2 MB of weights, 1 MB of activations, and 36 J for an example.

    Real measures need a process and some seconds for each model; the tests of `memory_probe` and of
    `energy` make them.
    """
    memory = Memory(loaded_bytes=2_000_000, peak_bytes=3_000_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measured_costs, "memory_alone", lambda path, inference, inputs: memory)
        patch.setattr(measured_costs, "energy_of", lambda *_: Energy(36.0, is_estimate=True))
        yield


@pytest.fixture(scope="module")
def costly(tmp_path_factory: pytest.TempPathFactory, memory_and_energy: None) -> Costly:
    """Return the cost of a run with two other students."""
    run = a_run(tmp_path_factory.mktemp("costly"))
    every = run.students.parent / "every"
    shutil.copytree(run.students, every / "kin")
    write_provenance(every / "kin", run.labels.manifest.content, {})
    shutil.copytree(run.students, every / "stranger")
    return Costly(run, measured(run, run.teachers))


def test_other_students_of_the_same_labels_are_timed(costly: Costly) -> None:
    assert costly.cost["family/kin"]["ms_p50"] > 0
    assert "family/stranger" not in costly.cost


def test_the_cache_is_paid_once_and_read_in_each_epoch(costly: Costly) -> None:
    run, cost = costly.run, costly.cost
    cache, rate = cost["cache"], cost["teacher"]["per_second_at_32"]
    rows, train = run.labels.manifest.rows, run.made.examples.count("split", "train")[0]
    assert (cache["rows"], cache["bytes"]) == (rows, run.labels.manifest.bytes)
    assert cache["read"] == train * 7  # by one student; its control does not read the cache
    assert cache["paid_seconds"] == pytest.approx(rows / rate, rel=1e-2, abs=1e-4)


def test_a_live_teacher_is_not_read_from_the_cache(run: Run) -> None:
    live = measured(run, run.teachers, "live")["cache"]
    assert live["read"] == live["live_seconds"] == 0
    assert live["saved_hours"] <= 0


def test_the_energy_of_the_stages_is_there_where_these_results_were_logged(
    run: Run, costly: Costly, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "run" not in costly.cost
    monkeypatch.chdir(project)
    for result, joules in ((run.teachers, 3600.0), (run.labels, 360.0), (run.students, 36.0)):
        log_energy(
            project, result_hash(result), StageEnergy(joules=joules, seconds=5.0, is_estimate=True)
        )
    assert measured(run, run.teachers)["run"] == {
        "teachers_watt_hours": 1.0,
        "teachers_seconds": 5.0,
        "capture_watt_hours": 0.1,
        "capture_seconds": 5.0,
        "train_watt_hours": 0.01,
        "train_seconds": 5.0,
        "watt_hours": 1.11,
        "energy_is_estimate": 1,
    }


def test_the_teachers_cost_is_that_of_all_members(costly: Costly) -> None:
    cost = costly.cost
    parameters = 64 * 32 + 32 + 32 * 3 + 3
    assert cost["student"]["parameters"] == cost["control"]["parameters"] == parameters
    assert cost["teacher"]["parameters"] == 2 * parameters
    assert cost["control"]["megabytes"] == round(4 * parameters / 1e6, 3)
    # Both members are loaded; only one at a time has activations.
    assert (cost["teacher"]["loaded_megabytes"], cost["teacher"]["peak_megabytes"]) == (4.0, 5.0)
    # 36 J are 10 mWh; a thousand examples cost each member 10 Wh.
    assert cost["teacher"]["watt_hours_per_thousand"] == 20.0
    assert cost["student"]["watt_hours_per_thousand"] == 10.0
    assert cost["teacher"]["flops"] == 2 * 2 * (64 * 32 + 32 * 3)
    assert set(cost["student"]) == {
        "parameters",
        "parameters_outside_embeddings",
        "megabytes",
        "flops",
        "ms_p50",
        "ms_p95",
        "per_second_at_32",
        "loaded_megabytes",
        "peak_megabytes",
        "watt_hours_per_thousand",
        "energy_is_estimate",
    }


def test_an_empty_folder_of_teachers_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(ModelError, match="holds no teacher"):
        measured(run, tmp_path / "none")
