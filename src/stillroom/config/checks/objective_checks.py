"""Checks of the objective: its terms, their options, and what they require of soft labels.

objective ──registry of terms──> kinds ──what each declares──> ConfigError
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from stillroom.config.checks.sparsifier_checks import check_head, check_temperature
from stillroom.config.kind_options import option_names, options_of
from stillroom.config.schema import Objective
from stillroom.config.value_errors import unknown_key
from stillroom.errors import ConfigError, nearest
from stillroom.registry import Registry, registry_of

SECTION = "objective"
Kinds = Mapping[str, Any]


def check_terms(objective: Mapping[str, Any]) -> dict[str, Any]:
    """Check the names and the options of the terms, and return the kind of each that has a weight.

    Raises:
        ConfigError: a term is unknown, an option is not allowed or of no term, or every weight
            is 0.
    """
    registry = registry_of("terms")
    for name in objective["terms"]:
        _require_term(name, registry)
    used = {name: registry.load(name) for name, weight in objective["terms"].items() if weight}
    if not used and objective["hard_weight"] != 1:
        raise ConfigError(
            "All weights of objective.terms are 0, so the student has nothing to learn. Set one of "
            "them, for example objective.terms.forward_kl=1, or set objective.hard_weight=1."
        )
    _check_options(objective, used, registry)
    return used


def check_objective(
    objective: Mapping[str, Any], used: Kinds, labels: Mapping[str, Any], request: Any
) -> None:
    """Check that cached soft labels hold what the terms need.

    Args:
        objective: the section.
        used: the kinds of the terms with a weight, as `check_terms` returns them.
        labels: the section `softlabels`.
        request: the sparsifier that it names.

    Raises:
        ConfigError: names the term, what the labels lack, and what to do.
    """
    _check_features(features_of(used), objective, labels)
    answers = {name: kind for name, kind in used.items() if kind.compares == "answers"}
    for name, kind in answers.items():
        if kind.needs_head:
            check_head(name, request)
    for name, kind in answers.items():
        if kind.needs_support and objective["missing_mass"] != "tail_bucket":
            raise ConfigError(
                f"objective.missing_mass is {objective['missing_mass']}, which gives the tail "
                f"probability 0, and there {name} is infinite. Set it to tail_bucket."
            )
    for name, kind in answers.items():
        if kind.fixed_temperature is not None:
            check_temperature(kind.fixed_temperature, f"{name} needs temperature", request)
    if any(kind.fixed_temperature is None for kind in answers.values()):
        check_temperature(objective["temperature"], "objective.temperature is", request)


def features_of(used: Kinds) -> dict[str, Any]:
    """Return the terms that compare features."""
    return {name: kind for name, kind in used.items() if kind.compares == "features"}


def _require_term(name: str, registry: Registry[Any]) -> None:
    if name not in registry:
        key, names = f"objective.terms.{name}", list(registry)
        close = nearest(key, [f"objective.terms.{one}" for one in names])
        raise ConfigError(f"{key} is not a term.{close} Allowed: {', '.join(names)}.")


def _check_options(objective: Mapping[str, Any], used: Kinds, registry: Registry[Any]) -> None:
    """Check each key that the section has only for terms; also those of terms without a weight."""
    own = [field.name for field in fields(Objective)]
    extra = [key for key in objective if key not in own]
    declared: list[str] = []
    for name in registry:  # built-in terms first; a package is imported only for a key left over
        if name in registry.plug_ins and name not in used and set(extra) <= set(declared):
            continue
        kind = registry.load(name)
        keys = option_names(kind)
        declared += keys
        if name in used or (keys and set(keys) <= set(extra)):
            options_of(objective, kind, SECTION)
    for key in extra:
        if key not in declared:
            keys = [f"{SECTION}.{one}" for one in (*own, *dict.fromkeys(declared))]
            raise ConfigError(unknown_key(f"{SECTION}.{key}", keys))


def _check_features(used: Kinds, objective: Mapping[str, Any], labels: Mapping[str, Any]) -> None:
    """Check that the features that the terms compare are stored."""
    if not used:
        return
    at_positions = [name for name, kind in used.items() if kind.needs_positions]
    if at_positions or objective["positions"] == "each":
        what = at_positions[0] if at_positions else "objective.positions=each"
        raise ConfigError(
            f"{what} compares hidden states at each position, but the stored ones are averages "
            "over positions. Set teacher.mode=live, or use another term with "
            "objective.positions=pooled."
        )
    if labels["features"] == "none":
        raise ConfigError(
            f"objective.terms.{next(iter(used))} compares features, but softlabels.features is "
            "none. Set softlabels.features=pooled, or teacher.mode=live."
        )
