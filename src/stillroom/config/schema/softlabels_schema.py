"""The section `softlabels` of the parameters."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import (
    MOST,
    OPEN,
    Batch,
    Count,
    Pixels,
    Positive,
    Seed,
    Temperature,
    Vocabulary,
)


@dataclass(frozen=True, kw_only=True, config=OPEN)
class SoftLabels:
    """What is stored of each answer, and how several teachers are combined.

    Further keys are options of the sparsifier, if it declares them.

    Attributes:
        sparsifier: the name of a kind of sparsifier in the registry.
        k: entries of a distribution, for topk and threshold_fixed.
        temperatures: the temperatures for which topk stores log Z.
        entries, tau: average entries for threshold; a pilot computes a tau that is null.
        samples: random picks that `sample` makes from a distribution.
        temperature: the temperature at which sample and threshold are unbiased.
        draws: independent draws of each training row, one per epoch in turn.
        views: augmented views of each training image, or other hidden tokens of each sequence.
        shift: pixels that a view of an image is moved, at most.
        combine: members are stored apart and combined when read, or combined on their full logits
            at capture.
        weights: weights of the members; null: equal weights.
        pilot: positions in a pilot.
        features: keep the teachers' last hidden states, averaged over the positions of a row or, in
            sequences, of each piece (pooled), or none.
    """

    sparsifier: str
    k: Vocabulary
    temperatures: Annotated[list[Temperature], Field(min_length=1, max_length=100)]
    entries: Annotated[float, Field(ge=1, le=2**24)]
    tau: Annotated[float, Field(ge=2e-5, le=1)] | None
    samples: Annotated[int, Field(ge=1, le=65535)]
    temperature: Temperature
    draws: Annotated[int, Field(ge=1, le=65535)]
    views: Annotated[int, Field(ge=0, le=65534)]
    shift: Pixels
    seed: Seed
    combine: Literal["read", "capture"]
    mean: Literal["probability", "logit"]
    weights: list[Positive] | None
    batch_size: Batch
    rows_per_shard: Annotated[int, Field(ge=2, le=MOST)]
    pilot: Count
    features: Literal["none", "pooled"]
