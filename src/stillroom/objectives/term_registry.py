"""Term registry: the name of a term in the configuration in, the term out.

forward_kl, tail_bucket, T = 4 ──soft_term──> Divergence(forward_kl, tail_bucket, 4.0)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from stillroom.errors import ConfigError
from stillroom.objectives import divergences
from stillroom.objectives.feature_batch import ChooseStates, each, pooled
from stillroom.objectives.feature_terms import (
    AttentionTransfer,
    FeatureTerm,
    HiddenCosine,
    HiddenMSE,
)
from stillroom.objectives.missing_mass_treatment import (
    Treatment,
    ground_truth,
    renormalise,
    tail_bucket,
)
from stillroom.objectives.relation_terms import (
    RelationalAngle,
    RelationalDistance,
    SimilarityPreserving,
)
from stillroom.objectives.response_terms import (
    DecoupledKD,
    DecoupledTopK,
    Divergence,
    Measure,
    SoftCrossEntropy,
    Term,
)

UNBIASED = "unbiased"  # the treatment of unbiased weights: on average, nothing is missing

TREATMENTS: Mapping[str, Treatment] = {
    "tail_bucket": tail_bucket,
    "renormalise": renormalise,
    "ground_truth": ground_truth,
}

# Equal measures for targets that hold every class; see `Divergence.measure_of_whole`.
MEASURES_OF_WHOLE: Mapping[str, Measure] = {"forward_kl": divergences.cross_entropy_gap}


@dataclass(frozen=True, slots=True)
class TermOptions:
    """The options of some terms, besides the temperature.

    Attributes:
        skew: alpha of skew_kl and skew_reverse_kl, in (0, 1).
        js_share: beta of jensen_shannon, in (0, 1).
        dkd_target, dkd_others: the weights of dkd's two parts.
    """

    skew: float = 0.1
    js_share: float = 0.5
    dkd_target: float = 1.0
    dkd_others: float = 8.0


DEFAULT_OPTIONS = TermOptions()


def soft_term(
    name: str, temperature: float, missing: str, options: TermOptions = DEFAULT_OPTIONS
) -> Term:
    """Return a term by its name.

    Args:
        name: the name of a divergence, or dkd or decoupled_topk.
        temperature: T > 0.
        missing: a key of `TREATMENTS`, or `unbiased` for a target of unbiased weights.
        options: the further options of the terms.

    Raises:
        ConfigError: the name is unknown, or the term cannot be computed from such a target.
    """
    if missing == UNBIASED:
        return _of_unbiased(name, temperature, options)
    if name == "reverse_kl" and missing != "tail_bucket":
        raise ConfigError(
            f"reverse_kl is infinite where a target has no probability, and "
            f"objective.missing_mass={missing} gives the tail none. Set it to tail_bucket."
        )
    if name == "dkd":
        return DecoupledKD(options.dkd_target, options.dkd_others, temperature)
    if name == "decoupled_topk":
        return DecoupledTopK(temperature)
    return Divergence(
        _measure(name, options), TREATMENTS[missing], temperature, MEASURES_OF_WHOLE.get(name)
    )


def _of_unbiased(name: str, temperature: float, options: TermOptions) -> Term:
    if name == "forward_kl":
        return SoftCrossEntropy(temperature)
    if name in ("reverse_kl", "decoupled_topk"):
        raise ConfigError(
            f"{name} needs the teacher's largest probabilities and the mass of the rest, but "
            "sampled soft labels hold neither. Set groups.softlabels=topk or full, or choose "
            "another objective."
        )
    if name == "dkd":
        return DecoupledKD(options.dkd_target, options.dkd_others, temperature)
    return Divergence(_measure(name, options), renormalise, temperature)


def _measure(name: str, options: TermOptions) -> Measure:
    match name:
        case "forward_kl":
            return divergences.forward_kl
        case "reverse_kl":
            return divergences.reverse_kl
        case "jensen_shannon":
            return partial(divergences.jensen_shannon, beta=options.js_share)
        case "skew_kl":
            return partial(divergences.skew_kl, alpha=options.skew)
        case "skew_reverse_kl":
            return partial(divergences.skew_reverse_kl, alpha=options.skew)
    raise ConfigError(f"objective.terms.{name} is not a term. `kedro params` lists the terms.")


def feature_term(name: str, positions: str) -> FeatureTerm:
    """Return a feature term by its name.

    Args:
        name: a key of `FEATURE_TERMS`.
        positions: `pooled`, or `each` to compare each position, where a term can do that.
    """
    return FEATURE_TERMS[name]({"pooled": pooled, "each": each}[positions])


FEATURE_TERMS: Mapping[str, Callable[[ChooseStates], FeatureTerm]] = {
    "hidden_mse": HiddenMSE,
    "hidden_cosine": HiddenCosine,
    "attention_transfer": lambda _: AttentionTransfer(),
    "rkd_distance": lambda _: RelationalDistance(),
    "rkd_angle": lambda _: RelationalAngle(),
    "similarity_preserving": lambda _: SimilarityPreserving(),
}
