"""The worker's choices: what a fit sees, and which loss fits its soft labels."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_objective import NO_TERMS, objective
from small_project import OBJECTIVE, Small, a_fit, small, soft_labels, untrained_teachers

from stillroom.data.encoders import Encoder
from stillroom.data.views import Views
from stillroom.errors import StillroomError
from stillroom.objectives.divergences import forward_kl
from stillroom.objectives.missing import renormalise, tail_bucket
from stillroom.objectives.mixture import HardLabels, Mixture
from stillroom.objectives.named import soft_term
from stillroom.objectives.response import Divergence, SoftCrossEntropy
from stillroom.softlabels.dataset import SoftLabelSet
from stillroom.softlabels.sparsify.kinds import (
    FixedThreshold,
    Full,
    Sample,
    Sparsifier,
    Threshold,
    TopK,
)
from stillroom.training.batches import Rows, read_split
from stillroom.training.worker import _loss, _rows, _warn_of_bias, mixture

MOVED = Views(count=2, shift=1, seed=0)
RENORMALISED = replace(OBJECTIVE, missing_mass="renormalise")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return small(tmp_path_factory.mktemp("worker"), unlabelled=20)


def labels_of(made: Small, folder: Path, kind: Sparsifier, **more: object) -> SoftLabelSet:
    teachers = untrained_teachers(made, folder / "t", members=1)
    return soft_labels(made, teachers, folder / "s", kind, **more)  # type: ignore[arg-type]


def train(made: Small) -> Rows:
    return read_split(made.examples.path, Encoder.from_json(made.encoder), "train")


@pytest.mark.parametrize(
    "kind",
    [
        Sample(draws=5, temperature=4.0),
        Threshold(entries=1.5, tau=0.3, temperature=4.0),
        FixedThreshold(k=2, temperature=4.0),
    ],
    ids=lambda kind: kind.kind,
)
def test_unbiased_labels_have_soft_cross_entropy_whatever_is_done_about_missing_mass(
    made: Small, tmp_path: Path, kind: Sparsifier
) -> None:
    labels = labels_of(made, tmp_path, kind)
    for named in (OBJECTIVE, RENORMALISED):
        loss = _loss(a_fit(tmp_path, objective=named), labels)
        assert loss == Mixture(0.1, ((1.0, SoftCrossEntropy(4.0)),))


@pytest.mark.parametrize("kind", [Full(), TopK(k=2, temperatures=(4.0,))], ids=["full", "topk"])
def test_other_labels_have_the_divergence_that_is_named(
    made: Small, tmp_path: Path, kind: Sparsifier
) -> None:
    labels = labels_of(made, tmp_path, kind)
    for named, treatment in ((OBJECTIVE, tail_bucket), (RENORMALISED, renormalise)):
        loss = _loss(a_fit(tmp_path, objective=named), labels)
        assert loss == Mixture(0.1, ((1.0, Divergence(forward_kl, treatment, 4.0)),))
    assert isinstance(_loss(a_fit(tmp_path), labels), HardLabels)


def test_a_control_sees_the_students_views_and_no_targets(made: Small, tmp_path: Path) -> None:
    labels = labels_of(made, tmp_path, Full(), views=MOVED)
    student = _rows(a_fit(tmp_path, objective=OBJECTIVE), train(made), labels)
    control = _rows(a_fit(tmp_path), train(made), labels)
    few = _rows(a_fit(tmp_path, rows="labelled"), train(made), labels)
    assert student.variants == control.variants == few.variants == [(1, 0), (2, 0)]
    assert student.views == control.views == few.views == MOVED
    assert [len(rows.targets) for rows in (student, control, few)] == [2, 0, 0]
    assert [len(rows.labels) for rows in (student, control, few)] == [60, 60, 40]
    index = list(range(60))
    for variant in (0, 1):
        ours, theirs = (rows.batch(index, variant).inputs for rows in (student, control))
        assert (ours == theirs).all()


def test_without_soft_labels_rows_are_plain_and_a_soft_objective_is_refused(
    made: Small, tmp_path: Path
) -> None:
    assert _rows(a_fit(tmp_path), train(made), None).variants == [(0, 0)]
    with pytest.raises(StillroomError, match="names no soft labels"):
        _rows(a_fit(tmp_path, objective=OBJECTIVE), train(made), None)


def test_a_biased_treatment_is_said_once_with_the_mass_that_is_missing(
    made: Small, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    labels = labels_of(made, tmp_path, TopK(k=2, temperatures=(4.0,)))
    fit = a_fit(tmp_path, objective=RENORMALISED)
    rows, loss = _rows(fit, train(made), labels), _loss(fit, labels)
    _warn_of_bias(fit, loss, rows, is_unbiased=False)
    lacking = 1 - rows.targets[0].at(4.0).exp().sum(dim=1).mean().item()
    assert [record.message[:6] for record in caplog.records] == [f"{lacking:.2%} of"[:6]]
    assert "objective.missing_mass=renormalise" in caplog.text


@pytest.mark.parametrize("kind", [Full(), TopK(k=2, temperatures=(4.0,))], ids=["full", "topk"])
def test_what_is_not_biased_says_nothing(
    made: Small, tmp_path: Path, kind: Sparsifier, caplog: pytest.LogCaptureFixture
) -> None:
    labels = labels_of(made, tmp_path, kind)
    fit = a_fit(tmp_path, objective=OBJECTIVE)
    _warn_of_bias(fit, _loss(fit, labels), _rows(fit, train(made), labels), is_unbiased=False)
    assert caplog.records == []


def test_every_term_of_the_configuration_is_a_term(tmp_path: Path) -> None:
    for name in NO_TERMS:
        (pair,) = mixture(objective({name: 0.5}), is_unbiased=False).terms
        assert str(pair) == str((0.5, soft_term(name, 4.0, "tail_bucket")))
