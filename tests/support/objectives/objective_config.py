"""A small objective: Hinton's, unless a test says otherwise."""

from dataclasses import asdict, replace
from typing import Any

from stillroom.config.schema import Objective, Terms

NO_TERMS = dict.fromkeys(Terms.__annotations__, 0.0)
HINTON = Objective(
    temperature=4.0,
    hard_weight=0.1,
    missing_mass="tail_bucket",
    terms=Terms(**{**NO_TERMS, "forward_kl": 1.0}),
    positions="pooled",
    skew=0.1,
    js_share=0.5,
    dkd_target=1.0,
    dkd_others=8.0,
)


def objective(terms: dict[str, float] | None = None, **values: Any) -> Objective:
    """Return Hinton's objective with other values, or with other terms in place of its own."""
    if terms is not None:
        values["terms"] = Terms(**{**NO_TERMS, **terms})
    return replace(HINTON, **values)


def as_parameters(of: Objective = HINTON) -> dict[str, Any]:
    """Return an objective as the plain values that a configuration holds."""
    return asdict(of)
