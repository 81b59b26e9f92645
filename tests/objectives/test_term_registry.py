"""Names: each gives its term, and what cannot be had is refused with a way out."""

import pytest
import torch

from stillroom.errors import ConfigError
from stillroom.objectives.gathered_logits import gather
from stillroom.objectives.missing_mass_treatment import ground_truth, renormalise, tail_bucket
from stillroom.objectives.response_terms import (
    DecoupledKD,
    DecoupledTopK,
    Divergence,
    SoftCrossEntropy,
)
from stillroom.objectives.soft_target import SoftTarget
from stillroom.objectives.term_registry import (
    TREATMENTS,
    UNBIASED,
    TermOptions,
    soft_term,
)

# The divergences between (3/4, 1/4) and (1/2, 1/2); see test_divergences.
BY_HAND = {
    "forward_kl": 0.1308120,
    "reverse_kl": 0.1438410,
    "jensen_shannon": 0.0338221,
    "skew_kl": 0.1070427,
    "skew_reverse_kl": 0.1131367,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_name_is_its_divergence(name: str) -> None:
    target = SoftTarget(torch.tensor([[0, 1]]), {1.0: torch.tensor([[0.75, 0.25]]).log()})
    labels = torch.tensor([-1])
    seen = gather(torch.zeros(1, 2), target, labels, [1.0])
    value = soft_term(name, 1.0, "tail_bucket")(seen, target, labels)
    assert value.item() == pytest.approx(BY_HAND[name], abs=1e-6)


def test_the_treatments_are_those_of_their_names() -> None:
    assert {
        "tail_bucket": tail_bucket,
        "renormalise": renormalise,
        "ground_truth": ground_truth,
    } == TREATMENTS
    for name, treatment in TREATMENTS.items():
        term = soft_term("forward_kl", 2.0, name)
        assert isinstance(term, Divergence)
        assert (term.treatment, term.temperature) == (treatment, 2.0)


def test_decoupled_terms_take_their_knobs() -> None:
    knobs = TermOptions(dkd_target=0.5, dkd_others=2.0)
    assert soft_term("dkd", 4.0, "tail_bucket", knobs) == DecoupledKD(0.5, 2.0, 4.0)
    assert soft_term("decoupled_topk", 4.0, "tail_bucket") == DecoupledTopK(4.0)


def test_unbiased_weights_are_learnt_by_cross_entropy() -> None:
    assert soft_term("forward_kl", 1.0, UNBIASED) == SoftCrossEntropy(1.0)


@pytest.mark.parametrize("name", ["reverse_kl", "decoupled_topk"])
def test_what_sampled_labels_cannot_give_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="sampled soft labels hold neither"):
        soft_term(name, 1.0, UNBIASED)


@pytest.mark.parametrize("missing", ["renormalise", "ground_truth"])
def test_an_infinite_divergence_is_refused(missing: str) -> None:
    with pytest.raises(ConfigError, match=r"reverse_kl is infinite .* Set it to tail_bucket"):
        soft_term("reverse_kl", 1.0, missing)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"objective\.terms\.forward is not a term"):
        soft_term("forward", 1.0, "tail_bucket")
