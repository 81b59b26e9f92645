"""A small objective: Hinton's, unless a test changes it."""

from typing import Any

from stillroom.config.schema import Objective, plain_values
from stillroom.objectives.term_registry import REGISTRY

NO_TERMS = dict.fromkeys(REGISTRY.builtin, 0.0)
VALUES: dict[str, Any] = {
    "temperature": 4.0,
    "hard_weight": 0.1,
    "missing_mass": "tail_bucket",
    "terms": NO_TERMS | {"forward_kl": 1.0},
    "positions": "pooled",
    "skew": 0.1,
    "js_share": 0.5,
    "dkd_target": 1.0,
    "dkd_others": 8.0,
}
HINTON = Objective(**VALUES)


def objective(terms: dict[str, float] | None = None, **values: Any) -> Objective:
    """Return Hinton's objective with other values, or with other terms instead of its own."""
    if terms is not None:
        values["terms"] = NO_TERMS | terms
    return Objective(**VALUES | values)


def as_parameters(of: Objective = HINTON) -> dict[str, Any]:
    """Return an objective as the plain values that a configuration holds."""
    return dict(plain_values(of))
