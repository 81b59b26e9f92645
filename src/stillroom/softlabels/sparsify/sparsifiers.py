"""Sparsifiers: what each keeps of a distribution, and what this does to the expectation.

    Full | TopK | Sample | Threshold | FixedThreshold

They are plain values. A fingerprint covers them, and a manifest lists them.
"""

from typing import Annotated, Literal

from pydantic import AliasChoices, Field
from pydantic.dataclasses import dataclass

from stillroom.io.json.validated_json import STRICT_FINITE

Temperature = Annotated[float, Field(gt=0)]
# A head is stored as the square root of p in 255 steps, the lowest of which marks the tail.
SMALLEST_TAU = 1 / 255**2


@dataclass(frozen=True, kw_only=True, config=STRICT_FINITE)
class Full:
    """Every logit, in the order of the classes.

    Bias: none, at any temperature.
    """

    kind: Literal["full"] = "full"


@dataclass(frozen=True, kw_only=True, config=STRICT_FINITE)
class TopK:
    """The k largest logits, and log Z over all classes at each of `temperatures`.

    Bias: the tail is missing. log Z makes its mass known, and the head exact at each captured
    temperature. The objective decides how a student treats the tail.
    """

    k: Annotated[int, Field(ge=1)]
    temperatures: Annotated[tuple[Temperature, ...], Field(min_length=1)]
    kind: Literal["topk"] = "topk"


@dataclass(frozen=True, kw_only=True, config=STRICT_FINITE)
class Sample:
    """N samples with replacement at `temperature`: distinct ids, and how often each was drawn.

    Bias: none at `temperature`; count/N is an unbiased estimate of each probability.
    Source: random-sampling KD, Anshumann et al., ACL 2025, arXiv 2503.16870.

    Attributes:
        samples: N. Manifests of format 3 call it `draws` and can still be read.
    """

    samples: Annotated[
        int, Field(ge=1, le=65535, validation_alias=AliasChoices("samples", "draws"))
    ]
    temperature: Temperature
    kind: Literal["sample"] = "sample"


@dataclass(frozen=True, kw_only=True, config=STRICT_FINITE)
class Threshold:
    """Each p >= tau unchanged, and a systematic sample of the rest along the ids, with weight tau.

    Bias: none at `temperature`. The weights of a distribution sum to one only on average.
    Source: Barnes et al., Efficient Unbiased Sparsification, arXiv 2402.14925; one tau for the
    whole set, so that the marginal gain of an entry, tau squared, is equal everywhere.

    Attributes:
        entries: the configured average number of entries, from which a pilot solved tau; None if
            tau itself was configured.
    """

    entries: Annotated[float, Field(ge=1)] | None
    tau: Annotated[float, Field(ge=SMALLEST_TAU, le=1)]
    temperature: Temperature
    kind: Literal["threshold"] = "threshold"


@dataclass(frozen=True, kw_only=True, config=STRICT_FINITE)
class FixedThreshold:
    """Like `Threshold`, but each distribution has min(k, support) entries and its own tau.

    Bias: none at `temperature`. The weights of each distribution sum to one.
    """

    k: Annotated[int, Field(ge=1)]
    temperature: Temperature
    kind: Literal["threshold_fixed"] = "threshold_fixed"


Sparsifier = Full | TopK | Sample | Threshold | FixedThreshold
Unbiased = Sample | Threshold | FixedThreshold


def bias(sparsifier: Sparsifier) -> str:
    """Describe in one line what the sparsifier does to the expectation."""
    match sparsifier:
        case Full():
            return "none: every class is stored"
        case TopK(k=k):
            return f"the mass beyond the {k} largest classes is known, not stored"
        case Sample(temperature=t) | Threshold(temperature=t) | FixedThreshold(temperature=t):
            return f"none in expectation, at temperature {t:g} alone"


def own_temperature(sparsifier: Sparsifier) -> float:
    """Return a temperature at which the weights of a sparsifier are defined."""
    match sparsifier:
        case Full():
            return 1.0
        case TopK(temperatures=captured):
            return 1.0 if 1.0 in captured else captured[0]
        case _:
            return sparsifier.temperature
