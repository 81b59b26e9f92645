"""The bias warning: it names the terms, their treatment and the mass that is missing."""

import re

import pytest

from stillroom.objectives.bias_warning import bias_warning
from stillroom.objectives.missing_mass_treatment import UNBIASED


@pytest.mark.parametrize(
    ("missing", "lacking", "pattern"),
    [
        ("tail_bucket", 0.03, None),
        ("renormalise", 0.0, None),
        ("renormalise", 0.0312, "3.12% of the teacher's probability was not stored, and is ign"),
        (
            "ground_truth",
            0.5,
            "50.00% .* given to the hard label. So forward_kl with objective.missing_mass=ground",
        ),
    ],
)
def test_a_biased_treatment_is_named_with_the_mass_that_is_missing(
    missing: str, lacking: float, pattern: str | None
) -> None:
    warning = bias_warning(["forward_kl"], missing, lacking)
    if pattern is None:
        assert warning is None
    else:
        assert warning is not None
        assert re.match(pattern, warning)


def test_terms_that_have_a_treatment_of_their_own_are_not_blamed_for_another() -> None:
    assert bias_warning(["dkd", "decoupled_topk"], "renormalise", 0.2) is None
    warning = bias_warning(["dkd", "skew_kl"], "renormalise", 0.2)
    assert warning is not None
    assert "ignored. So skew_kl with" in warning


def test_a_curve_of_unbiased_weights_is_named() -> None:
    assert bias_warning(["forward_kl"], UNBIASED, 0.0) is None
    warning = bias_warning(["forward_kl", "jensen_shannon"], UNBIASED, 0.0)
    assert warning is not None
    assert warning.startswith("jensen_shannon: biased on sampled soft labels")
