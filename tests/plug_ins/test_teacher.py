"""A teacher from a package of the tests' own, through the stages that meet it."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.examples.image_examples import ImageExamples, image_examples, untrained_teachers
from support.plug_in.install import install, installed
from support.training.jobs import TRAINER

from stillroom.assess.cost.measured_costs import ModelRun, Trial, costs_of
from stillroom.config.compose import compose
from stillroom.config.schema import SoftLabels, Teacher
from stillroom.data.encoders import read_encoder
from stillroom.errors import ConfigError, ModelError
from stillroom.models.pretrained.model_directory import EXACT
from stillroom.pipelines.capture.datasets import UnverifiedLabels
from stillroom.pipelines.capture.nodes import capture, refer_to_teachers, verify
from stillroom.pipelines.teachers.nodes import check_licence, train_teachers
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.teachers.stored_teachers import (
    live_module,
    mark_kind,
    open_teacher,
    source_of,
    teacher_refs,
)
from stillroom.teachers.teacher import CaptureSettings


@pytest.fixture
def made(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ImageExamples]:
    """Examples in the project of the working directory; the package is installed."""
    monkeypatch.chdir(project)
    with installed(install(tmp_path_factory.mktemp("site"))):
        yield image_examples(project)


def parameters(project: Path, **teacher: Any) -> dict[str, Any]:
    runtime = {"groups": {"teacher": "prototypes"}, "teacher": {"sharpness": 0.05} | teacher}
    return compose(project, runtime)


def prepared(project: Path, made: ImageExamples, **teacher: Any) -> tuple[dict[str, Any], Path]:
    """Run the stage `teachers`; return the licence and the folder of the members."""
    section = Teacher(**parameters(project, **teacher)["teacher"])
    licence = check_licence(section, [])
    folder, curves = train_teachers(
        made.examples, made.encoder, licence, [], section, [], TRAINER, "stop"
    )
    assert curves == []
    return licence, folder


def captured(project: Path, made: ImageExamples, **teacher: Any) -> tuple[SoftLabelSet, Path]:
    """Run `teachers` and `capture`; return the verified set."""
    licence, folder = prepared(project, made, **teacher)
    settings = SoftLabels(**parameters(project)["softlabels"])
    refs = refer_to_teachers(folder, "float32", "cpu")
    staged = UnverifiedLabels(".stillroom/unverified_labels")
    staged.save(capture(made.examples, made.encoder, refs, licence, [], settings, "stop"))
    return verify(staged.load(), made.examples, made.encoder, refs, [], settings, "stop"), folder


def test_its_answers_are_captured_and_verified(project: Path, made: ImageExamples) -> None:
    labels, folder = captured(project, made)
    (ref,) = teacher_refs(folder)
    (capture_of,) = labels.manifest.captures
    assert (ref.source, capture_of.weights) == ("prototypes", ref.weights)
    assert [name.split()[0] for name in capture_of.libraries] == ["numpy", "stillroom-example"]
    examples = made.examples.read()
    inputs = read_encoder(made.encoder).encode(examples).reshape(len(examples), -1)
    known = examples["label"].is_not_null() & (examples["split"] == "train")
    rows, classes = inputs[known.to_numpy()], examples.filter(known)["label"].to_numpy()
    means = np.stack([rows[classes == label].mean(axis=0) for label in range(3)])
    logits = -0.05 * ((inputs[:, None] - means) ** 2).sum(axis=2)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert labels.manifest.rows == len(examples)
    answered = labels.plain(examples["example_id"].to_list(), 1.0).dense()
    assert np.abs(answered - expected).max() < 1e-5


def test_another_line_of_its_code_is_another_fingerprint(
    project: Path, made: ImageExamples
) -> None:
    _, folder = prepared(project, made)
    (ref,) = teacher_refs(folder)
    encoder = read_encoder(made.encoder)

    def fingerprint() -> str:
        how = CaptureSettings("none", seed=0, batch_size=16)
        return open_teacher(ref, how, encoder).keeping(Full()).capture.fingerprint

    before = fingerprint()
    code = Path(sys.modules["stillroom_example.teacher"].__file__ or "")
    text = code.read_text(encoding="utf-8")
    code.write_text(text + "\n# Only a comment.\n", encoding="utf-8")
    assert fingerprint() == before
    changed = text.replace("-self.sharpness * distances", "-2 * self.sharpness * distances")
    assert changed != text
    code.write_text(changed, encoding="utf-8")
    assert fingerprint() != before


def test_a_package_that_builds_on_a_model_directory_opens_it_itself(
    project: Path, made: ImageExamples
) -> None:
    folder = untrained_teachers(made, project / "mine", members=1) / "member_0"
    mark_kind(folder, "prototypes")
    assert source_of(folder) == "prototypes"
    (folder / "teacher.json").unlink()
    mark_kind(folder, "given")
    assert not (folder / "teacher.json").exists()


def test_an_option_that_it_does_not_have_is_refused(project: Path, made: ImageExamples) -> None:
    with pytest.raises(ConfigError, match=r"teacher\.sharpnes is not a parameter.*sharpness"):
        parameters(project, sharpnes=1.0)
    with pytest.raises(ConfigError, match=r"teacher\.noise is 'loud'; it must be a number"):
        parameters(project, noise="loud")


def test_noise_is_measured_and_not_judged(
    project: Path, made: ImageExamples, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        captured(project, made, noise=0.5)
    assert "not judged because the teacher does not promise equal answers" in caplog.text


def test_a_teacher_that_answers_once_is_not_asked_twice(
    project: Path, made: ImageExamples, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        captured(project, made, answers_once=True)
    assert "no row captured a second time, because the teacher cannot be asked again" in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"teacher": {"mode": "live"}},
        {"evaluate": {"full_logits": True}},
        {"softlabels": {"features": "pooled"}},
        {"groups": {"student": "from_teacher"}},
    ],
)
def test_what_it_cannot_do_is_refused_before_anything_runs(
    project: Path, made: ImageExamples, changes: dict[str, Any]
) -> None:
    runtime = {"groups": {"teacher": "prototypes"} | changes.pop("groups", {})} | changes
    with pytest.raises(ConfigError, match="needs a teacher that is a model of PyTorch"):
        compose(project, runtime)


def test_it_cannot_run_within_a_training_step(project: Path, made: ImageExamples) -> None:
    _, folder = prepared(project, made)
    with pytest.raises(ModelError, match="a teacher of the kind prototypes cannot run there"):
        live_module(folder / "member_0", EXACT)


def test_its_cost_is_measured_without_flops(project: Path, made: ImageExamples) -> None:
    _, folder = prepared(project, made)
    (ref,) = teacher_refs(folder)
    timed = made.examples.read().filter(pl.col("split") == "test").head(3)
    cost = costs_of([ModelRun(ref.path, ref.architecture, EXACT)], Trial(timed, 2, seconds=0.1))
    assert cost["parameters"] == 3 * 64
    assert cost["megabytes"] == pytest.approx(3 * 64 * 4 / 1e6, abs=1e-3)
    assert "flops" not in cost


def test_without_the_package_the_stored_teacher_is_named(
    project: Path, made: ImageExamples, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, folder = prepared(project, made)
    text = (folder / "member_0" / "teacher.json").read_text()
    (folder / "member_0" / "teacher.json").write_text(text.replace("prototypes", "protypes"))
    with pytest.raises(ConfigError, match=r"protypes is not a source .* Did you mean proto"):
        teacher_refs(folder)
