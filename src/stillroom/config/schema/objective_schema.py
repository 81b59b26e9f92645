"""The section `objective` of the parameters."""

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import STRICT, Inside, Positive, Weight

FEATURE_TERMS = (
    "hidden_mse",
    "hidden_cosine",
    "attention_transfer",
    "rkd_distance",
    "rkd_angle",
    "similarity_preserving",
)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Terms:
    """The weight of each soft term; 0 switches it off. `docs/objectives.md` has the formulas."""

    forward_kl: Weight
    reverse_kl: Weight
    jensen_shannon: Weight
    skew_kl: Weight
    skew_reverse_kl: Weight
    dkd: Weight
    decoupled_topk: Weight
    hidden_mse: Weight
    hidden_cosine: Weight
    attention_transfer: Weight
    rkd_distance: Weight
    rkd_angle: Weight
    similarity_preserving: Weight

    def used(self) -> dict[str, float]:
        """Return the terms that compare answers and have a weight."""
        return {
            name: weight
            for name, weight in asdict(self).items()
            if weight and name not in FEATURE_TERMS
        }

    def used_features(self) -> dict[str, float]:
        """Return the terms that compare features and have a weight."""
        return {
            name: weight
            for name, weight in asdict(self).items()
            if weight and name in FEATURE_TERMS
        }


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Objective:
    """hard_weight * cross-entropy + (1 - hard_weight) * the weighted sum of the soft terms.

    Attributes:
        temperature: the temperature of the soft terms.
        missing_mass: how a loss treats the probability that top-k did not store.
        positions: whether hidden_mse and hidden_cosine compare pooled features or each position.
        skew: alpha of skew_kl and skew_reverse_kl.
        js_share: beta of jensen_shannon.
        dkd_target, dkd_others: alpha and beta of dkd.
    """

    temperature: Positive
    hard_weight: Annotated[float, Field(ge=0, le=1)]
    missing_mass: Literal["tail_bucket", "renormalise", "ground_truth"]
    terms: Terms
    positions: Literal["pooled", "each"]
    skew: Inside
    js_share: Inside
    dkd_target: Weight
    dkd_others: Weight
