"""Build the terms of an objective: names, options and soft labels in, terms out.

forward_kl, T = 4, tail_bucket ──soft_term──> Divergence(forward_kl, tail_bucket, 4.0)
section objective ──weighted_terms──> (weight, term) of each term with a weight
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from stillroom.config.kind_options import options_of
from stillroom.config.schema import Objective
from stillroom.errors import ConfigError
from stillroom.objectives.feature_batch import ChooseStates, each, pooled
from stillroom.objectives.feature_losses import FeatureTerm
from stillroom.objectives.kinds.term_kind import TAIL_BUCKET, AnswerTermKind, FeatureTermKind
from stillroom.objectives.missing_mass_treatment import TREATMENTS, UNBIASED
from stillroom.objectives.response_losses import Term
from stillroom.objectives.term_registry import REGISTRY

SECTION = "objective"
NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})
POSITIONS: Mapping[str, ChooseStates] = MappingProxyType({"pooled": pooled, "each": each})


def soft_term(name: str, temperature: float, missing: str, options: object = NO_OPTIONS) -> Term:
    """Return a term that compares answers, by its name.

    Args:
        name: the name of a term.
        temperature: T > 0.
        missing: a key of `TREATMENTS`, or `unbiased` for a target of unbiased weights.
        options: the section `objective`, or the options of terms as a mapping.

    Raises:
        ConfigError: the name is unknown, an option is not allowed, or the term cannot be computed
            from such a target.
    """
    REGISTRY.require(name, f"{SECTION}.terms")
    kind = options_of(options, REGISTRY.load(name), SECTION)
    if not isinstance(kind, AnswerTermKind):
        raise ConfigError(
            f"{name} compares features, but a soft target holds answers. Choose another term."
        )
    return term_of(kind, name, temperature, missing)


def term_of(kind: AnswerTermKind, name: str, temperature: float, missing: str) -> Term:
    """Return the term of a kind; arguments and errors as in `soft_term`."""
    if missing == UNBIASED:
        if kind.needs_head:
            raise ConfigError(
                f"{name} needs the teacher's largest probabilities and the mass of the rest, but "
                "sampled soft labels hold neither. Set groups.softlabels=topk or full, or choose "
                "another objective."
            )
        return kind.build_unbiased(temperature)
    if kind.needs_support and missing != TAIL_BUCKET:
        raise ConfigError(
            f"{name} is infinite where a target has no probability, and "
            f"objective.missing_mass={missing} gives the tail none. Set it to tail_bucket."
        )
    return kind.build(temperature, TREATMENTS[missing])


def feature_term(name: str, positions: str, options: object = NO_OPTIONS) -> FeatureTerm:
    """Return a term that compares features, by its name.

    Args:
        name: the name of a term.
        positions: `pooled`, or `each` to compare each position, where a term can do that.
        options: as in `soft_term`.

    Raises:
        ConfigError: as in `soft_term`.
    """
    REGISTRY.require(name, f"{SECTION}.terms")
    kind = options_of(options, REGISTRY.load(name), SECTION)
    if not isinstance(kind, FeatureTermKind):
        raise ConfigError(f"{name} compares answers, not features. Choose another term.")
    return kind.build(POSITIONS[positions])


def answer_terms(objective: Objective, missing: str) -> tuple[tuple[float, Term], ...]:
    """Return weight and term of each term of an objective that compares answers."""
    return tuple(
        (weight, soft_term(name, objective.temperature, missing, objective))
        for name, weight in used_terms(objective, "answers").items()
    )


def feature_terms(objective: Objective) -> tuple[tuple[float, FeatureTerm], ...]:
    """Return weight and term of each term of an objective that compares features."""
    return tuple(
        (weight, feature_term(name, objective.positions, objective))
        for name, weight in used_terms(objective, "features").items()
    )


def used_terms(objective: Objective, compares: str) -> dict[str, float]:
    """Return the terms with a weight that compare `answers`, or those that compare `features`."""
    return {
        name: weight
        for name, weight in objective.terms.items()
        if weight and REGISTRY.load(name).compares == compares
    }
