"""Names: what a configuration calls a term in, the term out, and what is biased about it.

forward_kl, tail_bucket, T = 4 ──soft_term──> Divergence(forward_kl, tail_bucket, 4.0)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from stillroom.errors import ConfigError
from stillroom.objectives import divergences
from stillroom.objectives.feature_batch import Choose, each, pooled
from stillroom.objectives.feature_terms import (
    AttentionTransfer,
    FeatureTerm,
    HiddenCosine,
    HiddenMSE,
)
from stillroom.objectives.missing_mass import Treatment, ground_truth, renormalise, tail_bucket
from stillroom.objectives.relation_terms import (
    RelationalAngle,
    RelationalDistance,
    SimilarityPreserving,
)
from stillroom.objectives.response_terms import (
    DecoupledKD,
    DecoupledTopK,
    Divergence,
    SoftCrossEntropy,
    Term,
)

UNBIASED = "unbiased"  # what is missing from a set of unbiased weights: nothing, on average

TREATMENTS: Mapping[str, Treatment] = {
    "tail_bucket": tail_bucket,
    "renormalise": renormalise,
    "ground_truth": ground_truth,
}

# What these do about the rest is part of what they are.
OWN_TREATMENT = ("dkd", "decoupled_topk")

# Less of the teacher's probability is within what float32 and the codec round.
NEGLIGIBLE = 1e-4


@dataclass(frozen=True, slots=True)
class Knobs:
    """What some of the terms can be asked for besides a temperature.

    Attributes:
        skew: alpha of skew_kl and skew_reverse_kl, in (0, 1).
        js_share: beta of jensen_shannon, in (0, 1).
        dkd_target, dkd_others: the weights of dkd's two parts.
    """

    skew: float = 0.1
    js_share: float = 0.5
    dkd_target: float = 1.0
    dkd_others: float = 8.0


PLAIN_KNOBS = Knobs()


def soft_term(name: str, temperature: float, missing: str, knobs: Knobs = PLAIN_KNOBS) -> Term:
    """Return a term by its name.

    Args:
        name: a key of `MEASURES`, or dkd or decoupled_topk.
        temperature: T > 0.
        missing: a key of `TREATMENTS`, or `unbiased` for a target of unbiased weights.
        knobs: what else a term takes.

    Raises:
        ConfigError: the name is unknown, or the term cannot be had from such a target.
    """
    if missing == UNBIASED:
        return _of_unbiased(name, temperature, knobs)
    if name == "reverse_kl" and missing != "tail_bucket":
        raise ConfigError(
            f"reverse_kl is infinite where a target has no probability, and "
            f"objective.missing_mass={missing} gives none to the tail. Set it to tail_bucket."
        )
    if name == "dkd":
        return DecoupledKD(knobs.dkd_target, knobs.dkd_others, temperature)
    if name == "decoupled_topk":
        return DecoupledTopK(temperature)
    return Divergence(_measure(name, knobs), TREATMENTS[missing], temperature)


def _of_unbiased(name: str, temperature: float, knobs: Knobs) -> Term:
    if name == "forward_kl":
        return SoftCrossEntropy(temperature)
    if name in ("reverse_kl", "decoupled_topk"):
        raise ConfigError(
            f"{name} needs the teacher's head and the mass of the rest, and sampled soft labels "
            "are neither. Set groups.softlabels=topk or full, or another objective."
        )
    if name == "dkd":
        return DecoupledKD(knobs.dkd_target, knobs.dkd_others, temperature)
    return Divergence(_measure(name, knobs), renormalise, temperature)


def _measure(name: str, knobs: Knobs) -> Callable[[Tensor, Tensor], Tensor]:
    match name:
        case "forward_kl":
            return divergences.forward_kl
        case "reverse_kl":
            return divergences.reverse_kl
        case "jensen_shannon":
            return partial(divergences.jensen_shannon, beta=knobs.js_share)
        case "skew_kl":
            return partial(divergences.skew_kl, alpha=knobs.skew)
        case "skew_reverse_kl":
            return partial(divergences.skew_reverse_kl, alpha=knobs.skew)
    raise ConfigError(f"objective.terms.{name} is not a term. `kedro params` lists them.")


def feature_term(name: str, positions: str) -> FeatureTerm:
    """Return a term of features by its name.

    Args:
        name: a key of `FEATURE_TERMS`.
        positions: `pooled`, or `each` to compare position with position where a term can.
    """
    return FEATURE_TERMS[name]({"pooled": pooled, "each": each}[positions])


FEATURE_TERMS: Mapping[str, Callable[[Choose], FeatureTerm]] = {
    "hidden_mse": HiddenMSE,
    "hidden_cosine": HiddenCosine,
    "attention_transfer": lambda _: AttentionTransfer(),
    "rkd_distance": lambda _: RelationalDistance(),
    "rkd_angle": lambda _: RelationalAngle(),
    "similarity_preserving": lambda _: SimilarityPreserving(),
}


def bias(names: list[str], missing: str, lacking: float) -> str | None:
    """Say what is biased about terms of a target, or None where nothing is.

    Args:
        names: of the terms.
        missing: as for `soft_term`.
        lacking: the average probability that the target does not hold; of no meaning where it
            is unbiased.
    """
    if missing == UNBIASED:
        curved = [name for name in names if name != "forward_kl"]
        if curved:
            return (
                f"{', '.join(curved)} of sampled soft labels is biased: a curve of an average is "
                "not the average of the curve. forward_kl alone is unbiased on them."
            )
        return None
    treated = [name for name in names if name not in OWN_TREATMENT]
    if lacking < NEGLIGIBLE or missing == "tail_bucket" or not treated:
        return None
    fate = (
        "is treated as if it were not there"
        if missing == "renormalise"
        else ("is given to the hard label")
    )
    return (
        f"{lacking:.2%} of the teacher's probability was not stored, and {fate}: "
        f"{', '.join(treated)} with objective.missing_mass={missing} is biased by that much. "
        "tail_bucket is not, and a larger softlabels.k leaves less."
    )
