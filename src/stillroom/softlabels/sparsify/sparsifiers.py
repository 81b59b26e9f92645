"""Kinds of sparsifier: what is kept of a distribution, and what that does to its expectation.

    Full | TopK | Sample | Threshold | FixedThreshold

Plain values that a fingerprint covers and a manifest spells out; nothing is computed here.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
Temperature = Annotated[float, Field(gt=0)]
# A head is stored as the square root of p in 255 steps, the lowest of which marks the tail.
SMALLEST_TAU = 1 / 255**2


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Full:
    """Every logit, in the order of the classes.

    Bias: none, at any temperature.
    """

    kind: Literal["full"] = "full"


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class TopK:
    """The k largest logits, and log Z over all classes at each of `temperatures`.

    Bias: the tail is missing. log Z makes its mass known, and the head exact at each captured
    temperature; what the student is told of the tail is the objective's choice.
    """

    k: Annotated[int, Field(ge=1)]
    temperatures: Annotated[tuple[Temperature, ...], Field(min_length=1)]
    kind: Literal["topk"] = "topk"


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Sample:
    """N draws with replacement at `temperature`: distinct ids and how often each was drawn.

    Bias: none at `temperature`; count/N is an unbiased estimate of each probability.
    Source: random-sampling KD, Anshumann et al., ACL 2025, arXiv 2503.16870.
    """

    draws: Annotated[int, Field(ge=1, le=65535)]
    temperature: Temperature
    kind: Literal["sample"] = "sample"


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Threshold:
    """p >= tau as it is; of the rest a systematic sample along the ids, each hit of weight tau.

    Bias: none at `temperature`. Weights of one distribution sum to one on average, not each.
    Source: Barnes et al., Efficient Unbiased Sparsification, arXiv 2402.14925; one tau for the
    whole set, so that the marginal gain of an entry, tau squared, is equal everywhere.

    Attributes:
        entries: the average number of entries that was asked for, from which a pilot solved tau;
            None where tau was named outright.
    """

    entries: Annotated[float, Field(ge=1)] | None
    tau: Annotated[float, Field(ge=SMALLEST_TAU, le=1)]
    temperature: Temperature
    kind: Literal["threshold"] = "threshold"


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class FixedThreshold:
    """As `Threshold`, with min(k, support) entries in each distribution and a tau of its own.

    Bias: none at `temperature`. Weights of each distribution sum to one.
    """

    k: Annotated[int, Field(ge=1)]
    temperature: Temperature
    kind: Literal["threshold_fixed"] = "threshold_fixed"


Sparsifier = Full | TopK | Sample | Threshold | FixedThreshold
Unbiased = Sample | Threshold | FixedThreshold


def bias(sparsifier: Sparsifier) -> str:
    """Return what the sparsifier does to the expectation, in a line for people."""
    match sparsifier:
        case Full():
            return "none: every class is stored"
        case TopK(k=k):
            return f"the mass beyond the {k} largest classes is known, not stored"
        case Sample(temperature=t) | Threshold(temperature=t) | FixedThreshold(temperature=t):
            return f"none in expectation, at temperature {t:g} alone"


def own_temperature(sparsifier: Sparsifier) -> float:
    """Return a temperature at which a sparsifier's own weights can be had."""
    match sparsifier:
        case Full():
            return 1.0
        case TopK(temperatures=captured):
            return 1.0 if 1.0 in captured else captured[0]
        case _:
            return sparsifier.temperature
