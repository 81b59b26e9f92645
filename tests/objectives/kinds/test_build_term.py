"""Each name gives its term; impossible combinations are refused with advice."""

import pytest
import torch

from stillroom.errors import ConfigError
from stillroom.objectives.gathered_logits import gather
from stillroom.objectives.kinds.build_term import feature_term, soft_term
from stillroom.objectives.missing_mass_treatment import (
    TREATMENTS,
    UNBIASED,
    ground_truth,
    renormalise,
    tail_bucket,
)
from stillroom.objectives.response_losses import (
    DecoupledKD,
    DecoupledTopK,
    Divergence,
    SoftCrossEntropy,
)
from stillroom.objectives.targets.soft_target import SoftTarget

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
    knobs = {"dkd_target": 0.5, "dkd_others": 2.0}
    assert soft_term("dkd", 4.0, "tail_bucket", knobs) == DecoupledKD(0.5, 2.0, 4.0)
    assert soft_term("decoupled_topk", 4.0, "tail_bucket") == DecoupledTopK(4.0)


def test_unbiased_weights_use_cross_entropy() -> None:
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
    with pytest.raises(ConfigError, match=r"forward, which is not a term\. .*forward_kl"):
        soft_term("forward", 1.0, "tail_bucket")


def test_an_option_outside_its_range_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"objective\.skew is 1\.0; it must be less than 1"):
        soft_term("skew_kl", 1.0, "tail_bucket", {"skew": 1.0})


def test_a_term_that_compares_features_is_no_soft_term_and_the_reverse() -> None:
    with pytest.raises(ConfigError, match="hidden_mse compares features"):
        soft_term("hidden_mse", 1.0, "tail_bucket")
    with pytest.raises(ConfigError, match="dkd compares answers"):
        feature_term("dkd", "pooled")
