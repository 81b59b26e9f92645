"""Records of a family, as `evaluation.family.records` makes them."""

from typing import Any


def kin(model: str, quality: float, parameters: float, **changes: Any) -> dict[str, Any]:
    """Return the record of a model; its interval reaches one point to each side."""
    return {
        "model": model,
        "measure": "accuracy",
        "quality": quality,
        "low": quality - 0.01,
        "high": quality + 0.01,
        "alone": quality,
        "parameters": parameters,
        "front": 1,
    } | changes
