"""Train: student and control share everything except their targets."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from support.examples.image_examples import (
    CLASSES,
    ImageExamples,
    image_examples,
    of_examples,
    other_encoder,
    soft_labels,
    untrained_teachers,
)
from support.training.jobs import OBJECTIVE, TRAINER, train_here

from stillroom.config.compose import compose
from stillroom.config.schema import SoftLabels, Student
from stillroom.errors import SanityError, SoftLabelError
from stillroom.io.tables import write_table
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.pipelines.train.nodes import train_students
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.training.process import launch

ROOT = Path(__file__).resolve().parents[3]


def kept(**values: Any) -> SoftLabels:
    """Return the settings of `image_examples.soft_labels`, and others."""
    return replace(SoftLabels(**compose(ROOT)["softlabels"]), batch_size=16, **values)


def trained(made: ImageExamples, **arguments: Any) -> tuple[Path, Any]:
    """Run the node over some examples, with the arguments that most tests share."""
    common = {
        "examples": made.examples,
        "encoder": made.encoder,
        "softlabels": kept(),
        "objective": OBJECTIVE,
        "mode": "cached",
        "dtype": "float32",
        "device_map": "cpu",
        "seeds": 1,
        "full_logits": False,
        "trainer": TRAINER,
        "data_alarms": [],
        "teacher_alarms": [],
        "sanity": "stop",
    }
    return train_students(**(common | arguments))


def test_student_and_control_are_twins_with_other_teachers(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setattr(launch, "train", train_here)
    made = image_examples(project, unlabelled=30)
    labels = soft_labels(made, untrained_teachers(made, project / "t"), project / "s")
    runtime = {"groups": {"student": "tiny"}, "student": {"epochs": 2}}
    student = Student(**compose(project, runtime)["student"])
    folder, curves = trained(
        made,
        soft_labels=labels,
        teachers=project / "t",
        student=student,
        seeds=2,
    )
    configs = [json.loads((folder / n / "config.json").read_text()) for n in ("student", "control")]
    assert configs[0] == configs[1]
    assert weights_hash(folder / "student") != weights_hash(folder / "control")
    assert [(r["model"], r["epoch"]) for r in curves] == [
        ("control", 1), ("control", 2), ("student", 1), ("student", 2),
        ("control_1", 1), ("control_1", 2), ("student_1", 1), ("student_1", 2),
    ]  # fmt: skip
    assert len({weights_hash(path) for path in folder.iterdir() if path.is_dir()}) == 4


def test_a_student_of_full_logits_is_trained_if_the_cache_keeps_less(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setattr(launch, "train", train_here)
    made = image_examples(project)
    teachers = untrained_teachers(made, project / "t", members=1)
    runtime = {"groups": {"student": "tiny"}, "student": {"epochs": 1}}
    student = Student(**compose(project, runtime)["student"])

    def arms(labels: SoftLabelSet, settings: SoftLabels) -> list[str]:
        folder, _ = trained(
            made,
            soft_labels=labels,
            teachers=teachers,
            softlabels=settings,
            student=student,
            full_logits=True,
        )
        return sorted(path.name for path in folder.iterdir() if path.is_dir())

    kind = TopK(k=2, temperatures=(1.0, 4.0))
    sparse = soft_labels(made, teachers, project / "sparse", kind)
    settings = kept(sparsifier="topk", k=2, temperatures=[1.0, 4.0])
    assert arms(sparse, settings) == ["control", "full_logits", "student"]
    whole = soft_labels(made, teachers, project / "whole")
    assert arms(whole, kept()) == ["control", "student"]


def test_examples_that_changed_since_the_capture_are_not_trained_on(
    project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setattr(launch, "train", train_here)
    made = image_examples(project)
    labels = soft_labels(made, untrained_teachers(made, project / "t"), project / "s")
    runtime = {"groups": {"student": "tiny"}, "student": {"epochs": 1}}
    student = Student(**compose(project, runtime)["student"])
    arguments = {"teachers": project / "t", "student": student}
    trained(made, soft_labels=labels, **arguments)
    assert "captured before sets had a digest" in caplog.text  # a set of format 3
    labels = of_examples(labels, made)
    trained(made, soft_labels=labels, **arguments)
    frame = made.examples.read()
    write_table(frame.with_columns(label=pl.lit(0, pl.Int32)), made.examples.path)
    with pytest.raises(SoftLabelError, match="for other examples, labels or splits"):
        trained(made, soft_labels=labels, **arguments)


@pytest.mark.parametrize("change", ["classes", "teachers"])
def test_soft_labels_of_other_classes_or_teachers_are_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.chdir(project)
    made = image_examples(project)
    labels = soft_labels(made, untrained_teachers(made, project / "t"), project / "s")
    student = Student(**compose(project)["student"])
    encoder, teachers = made.encoder, project / "t"
    if change == "classes":
        encoder = other_encoder(made, project / "other", classes=tuple(CLASSES[::-1]))
    else:
        teachers = untrained_teachers(made, project / "others", members=1)
    with pytest.raises(SoftLabelError, match=r"soft labels (have the classes|were captured from)"):
        trained(
            made,
            encoder=encoder,
            soft_labels=labels,
            teachers=teachers,
            student=student,
        )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"weights": [3.0, 1.0]}, "shares"),
        ({"mean": "logit"}, "logit"),
        ({"views": 2}, r"augmentation  none  \(expected shift-2"),
        ({"sparsifier": "sample"}, r"sparsifier\.kind  full  \(expected sample\)"),
        ({"seed": 3}, r"seed  0  \(expected 3\)"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_soft_labels_of_other_settings_are_refused_with_both_sides(
    project: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any], words: str
) -> None:
    monkeypatch.chdir(project)
    made = image_examples(project)
    teachers = untrained_teachers(made, project / "t")
    labels = soft_labels(made, teachers, project / "s")
    student = Student(**compose(project)["student"])
    with pytest.raises(SoftLabelError, match=words):
        trained(
            made,
            soft_labels=labels,
            teachers=teachers,
            softlabels=kept(**values),
            student=student,
        )


ALARM = {"code": "duplicates", "text": "Much is read twice.", "way_out": "Remove it."}


@pytest.mark.parametrize("document", ["data_alarms", "teacher_alarms"])
def test_an_alarm_of_an_earlier_stage_stops_before_anything_is_read(document: str) -> None:
    nothing: Any = None
    arguments = dict.fromkeys(("soft_labels", "teachers", "student"), nothing)
    with pytest.raises(SanityError, match="Much is read twice"):
        trained(nothing_made(), **arguments, **{document: [ALARM]})


def nothing_made() -> Any:
    return SimpleNamespace(examples=None, encoder=None)
