"""The loss of a fit: the term that fits its soft labels, and the warning about its bias."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.examples.image_examples import (
    ImageExamples,
    image_examples,
    soft_labels,
    untrained_teachers,
)
from support.objectives.objective_config import NO_TERMS, objective
from support.training.jobs import OBJECTIVE, a_fit

from stillroom.data.encoders import read_encoder
from stillroom.objectives.divergences import cross_entropy_gap, forward_kl
from stillroom.objectives.kinds.build_term import feature_term, soft_term
from stillroom.objectives.missing_mass_treatment import renormalise, tail_bucket
from stillroom.objectives.mixture import Mixture, hard_labels
from stillroom.objectives.response_losses import Divergence, SoftCrossEntropy
from stillroom.objectives.term_registry import REGISTRY
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.training.build_loss import build_loss, build_mixture, warn_of_bias
from stillroom.training.data.memory_dataset import MemoryDataset, read_split, with_targets

RENORMALISED = replace(OBJECTIVE, missing_mass="renormalise")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ImageExamples:
    return image_examples(tmp_path_factory.mktemp("loss"), unlabelled=20)


def labels_of(made: ImageExamples, folder: Path, kind: Sparsifier) -> SoftLabelSet:
    return soft_labels(made, untrained_teachers(made, folder / "t", 1), folder / "s", kind)


def rows_with_targets(made: ImageExamples, labels: SoftLabelSet) -> MemoryDataset:
    plain = read_split(made.examples, read_encoder(made.encoder), "train")
    return with_targets(plain, labels, [4.0])


@pytest.mark.parametrize(
    "kind",
    [
        Sample(samples=5, temperature=4.0),
        Threshold(entries=1.5, tau=0.3, temperature=4.0),
        FixedThreshold(k=2, temperature=4.0),
    ],
    ids=lambda kind: kind.kind,
)
def test_unbiased_labels_have_soft_cross_entropy_for_every_treatment_of_missing_mass(
    made: ImageExamples, tmp_path: Path, kind: Sparsifier
) -> None:
    labels = labels_of(made, tmp_path, kind)
    for named in (OBJECTIVE, RENORMALISED):
        loss = build_loss(a_fit(objective=named), labels)
        assert loss == Mixture(0.1, ((1.0, SoftCrossEntropy(4.0)),))


@pytest.mark.parametrize("kind", [Full(), TopK(k=2, temperatures=(4.0,))], ids=["full", "topk"])
def test_other_labels_have_the_divergence_that_is_named(
    made: ImageExamples, tmp_path: Path, kind: Sparsifier
) -> None:
    labels = labels_of(made, tmp_path, kind)
    for named, treatment in ((OBJECTIVE, tail_bucket), (RENORMALISED, renormalise)):
        loss = build_loss(a_fit(objective=named), labels)
        assert loss == Mixture(
            0.1, ((1.0, Divergence(forward_kl, treatment, 4.0, cross_entropy_gap)),)
        )
    assert build_loss(a_fit(), labels) == hard_labels()


def test_a_biased_treatment_is_reported_once_with_the_missing_mass(
    made: ImageExamples, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    labels = labels_of(made, tmp_path, TopK(k=2, temperatures=(4.0,)))
    fit, rows = a_fit(objective=RENORMALISED), rows_with_targets(made, labels)
    warn_of_bias(fit, build_loss(fit, labels), rows.some_targets(), is_unbiased=False)
    lacking = 1 - rows.some_targets()[0].at(4.0).exp().sum(dim=1).mean().item()
    assert [record.message[:6] for record in caplog.records] == [f"{lacking:.2%} of"[:6]]
    assert "objective.missing_mass=renormalise" in caplog.text


@pytest.mark.parametrize("kind", [Full(), TopK(k=2, temperatures=(4.0,))], ids=["full", "topk"])
def test_what_is_not_biased_says_nothing(
    made: ImageExamples, tmp_path: Path, kind: Sparsifier, caplog: pytest.LogCaptureFixture
) -> None:
    labels = labels_of(made, tmp_path, kind)
    fit = a_fit(objective=OBJECTIVE)
    warn_of_bias(
        fit,
        build_loss(fit, labels),
        rows_with_targets(made, labels).some_targets(),
        is_unbiased=False,
    )
    assert caplog.records == []


def test_every_term_of_the_configuration_is_a_term() -> None:
    for name in NO_TERMS:
        loss = build_mixture(objective({name: 0.5}, positions="each"), is_unbiased=False)
        if REGISTRY.load(name).compares == "features":
            assert (loss.terms, loss.features) == ((), ((0.5, feature_term(name, "each")),))
        else:
            assert str(loss.terms) == str(((0.5, soft_term(name, 4.0, "tail_bucket")),))
            assert loss.features == ()
