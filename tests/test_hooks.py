"""Hooks: slices, energy, and unfinished work."""

from dataclasses import replace
from pathlib import Path
from time import perf_counter

import pytest
from kedro.io import DataCatalog, MemoryDataset
from pydantic import TypeAdapter
from support.examples.image_examples import image_examples, untrained_teachers

from stillroom.assess.cost.energy_log import SPENT, logged_energy, result_hash
from stillroom.config.compose import compose
from stillroom.config.schema import Student
from stillroom.errors import ConfigError, LicenceError
from stillroom.hooks import (
    SLICES,
    STUDENT,
    TEACHERS,
    CheckSlices,
    CheckStart,
    CheckTeachers,
    MeterStages,
    RemoveUnfinished,
)
from stillroom.io.files.locking import locked
from stillroom.io.files.workspace import lock_of, unfinished
from stillroom.pipelines.teachers.pipeline import create_pipeline as teachers_pipeline
from stillroom.pipelines.train.pipeline import create_pipeline


def test_unfinished_work_is_removed_after_the_last_output_is_saved(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    (node,) = create_pipeline().tag("train").nodes
    kept = unfinished(project, "train_students")
    kept.mkdir(parents=True)
    RemoveUnfinished().after_dataset_saved("students", node)
    assert kept.exists()
    with locked(lock_of(kept)):  # another run has started it again
        RemoveUnfinished().after_dataset_saved("student_curves", node)
    assert kept.exists()
    RemoveUnfinished().after_dataset_saved("student_curves", node)
    assert not kept.exists()
    RemoveUnfinished().after_dataset_saved("student_curves", node)


def test_a_node_that_ends_earlier_removes_no_unfinished_work_of_its_stage(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    nodes = {node.short_name: node for node in teachers_pipeline().tag("teachers").nodes}
    kept = unfinished(project, "train_teachers")
    kept.mkdir(parents=True)
    RemoveUnfinished().after_dataset_saved("licence", nodes["check_licence"])
    assert kept.exists()
    RemoveUnfinished().after_dataset_saved("teacher_curves", nodes["train_teachers"])
    assert not kept.exists()


def catalog_with(slices: dict[str, str]) -> DataCatalog:
    return DataCatalog({SLICES: MemoryDataset(slices)})


def test_a_slice_that_is_not_an_expression_stops_a_run_before_it_begins() -> None:
    check = CheckSlices()
    check.before_pipeline_run(catalog_with({"short": "pl.col('size') < 8"}))
    check.before_pipeline_run(catalog_with({}))
    check.before_pipeline_run(DataCatalog())
    with pytest.raises(ConfigError, match="bad"):
        check.before_pipeline_run(catalog_with({"bad": "__import__('os')"}))


def test_a_run_that_reads_the_teachers_needs_them_to_exist(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    teachers, others = teachers_pipeline(), create_pipeline()
    (project / "a").mkdir()
    listed = [{"source": "given", "path": "a"}, {"source": "given", "path": "b"}]
    check = CheckTeachers()
    check.before_pipeline_run(teachers, DataCatalog({TEACHERS: MemoryDataset(listed[:1])}))
    check.before_pipeline_run(teachers, DataCatalog())
    catalog = DataCatalog({TEACHERS: MemoryDataset(listed)})
    check.before_pipeline_run(others, catalog)  # which runs where the teachers may not lie
    with pytest.raises(ConfigError, match=r"teachers\.1\.path is b, which does not exist"):
        check.before_pipeline_run(teachers + others, catalog)


def test_the_licence_of_a_students_start_is_known_before_teachers_answer(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    (start,) = sorted(untrained_teachers(image_examples(project), project / "t").iterdir())[:1]
    student = TypeAdapter(Student).validate_python(compose(project)["student"])
    begun = replace(student, path=str(start))
    check, teachers, trains = CheckStart(), teachers_pipeline(), create_pipeline()
    for values in (student, replace(begun, licence="apache-2.0")):
        check.before_pipeline_run(trains, DataCatalog({STUDENT: MemoryDataset(values)}))
    unknown = DataCatalog({STUDENT: MemoryDataset(begun)})
    check.before_pipeline_run(teachers, unknown)  # no student is trained
    check.before_pipeline_run(trains, DataCatalog())
    with pytest.raises(LicenceError, match=r"Set student\.licence"):
        check.before_pipeline_run(teachers + trains, unknown)


def test_a_stage_is_metered_from_its_first_node_to_its_result(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    made_here = image_examples(project)
    teachers = untrained_teachers(made_here, project / "t")
    (node,) = create_pipeline().tag("train").nodes
    meter = MeterStages()
    meter.after_catalog_created(DataCatalog({"students": MemoryDataset(teachers)}))
    meter.before_node_run(node)
    busy = perf_counter() + 0.3
    while perf_counter() < busy:
        pass
    meter.after_dataset_saved("student_curves", node)
    assert logged_energy(project, result_hash(teachers)) is None
    meter.after_dataset_saved("students", node)
    energy = logged_energy(project, result_hash(teachers))
    assert energy is not None
    assert energy.seconds >= 0.3
    assert energy.joules > 0


def test_a_stage_without_a_result_has_no_energy(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    (node,) = create_pipeline().tag("train").nodes
    (other,) = create_pipeline().tag("ingest").nodes
    meter = MeterStages()
    meter.before_node_run(other)
    assert meter.meter is None
    meter.before_node_run(node)
    assert meter.meter is not None
    meter.on_node_error()
    meter.after_dataset_saved("students", node)
    assert not (project / SPENT).exists()
