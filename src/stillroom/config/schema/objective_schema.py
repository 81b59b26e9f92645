"""The section `objective` of the parameters."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import OPEN, Temperature, Weight


@dataclass(frozen=True, kw_only=True, config=OPEN)
class Objective:
    """hard_weight * cross-entropy + (1 - hard_weight) * the weighted sum of the soft terms.

    Further keys are options of terms, if a term of the registry declares them.

    Attributes:
        temperature: the temperature of the soft terms.
        missing_mass: how a loss treats the probability that top-k did not store.
        terms: the weight of each term, by its name in the registry; 0 switches it off.
            `docs/objectives.md` has the formulas.
        positions: whether hidden_mse and hidden_cosine compare pooled features or each position.
    """

    temperature: Temperature
    hard_weight: Annotated[float, Field(ge=0, le=1)]
    missing_mass: Literal["tail_bucket", "renormalise", "ground_truth"]
    terms: dict[str, Weight]
    positions: Literal["pooled", "each"]
