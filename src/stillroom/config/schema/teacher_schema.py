"""The section `teacher` of the parameters."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import (
    STRICT,
    Count,
    DeviceMap,
    Dtype,
    HubId,
    NonEmpty,
    Positive,
    Seed,
    Share,
)
from stillroom.config.schema.model_schema import Architecture, Optimisation


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Inference:
    """How a teacher runs.

    Attributes:
        dtype: the type of its weights and its arithmetic.
        device_map: the device of its layers; auto spreads them over all GPUs.
    """

    dtype: Dtype
    device_map: DeviceMap


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Head:
    """How the head of a sentence encoder is fitted: logistic regression with an L2 penalty.

    Attributes:
        strength: C, the inverse of the penalty; null: chosen by the validation NLL.
        steps: steps of L-BFGS, at most.
    """

    strength: Positive | None
    steps: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Teacher(Optimisation):
    """The teacher: an ensemble trained here (`trained`), a model directory (`given`), or a sentence
    encoder with a head that is fitted here (`sentence`).

    Attributes:
        head: how the head of a sentence encoder is fitted.
        licence: of a given model, as `license` in a model card; null: read its own card.
        licence_acknowledged: the reason to continue with a forbidden or unknown licence.
        hub_id: the name of a given model, owner/name, for the student's card.
        mode: students learn from stored answers (cached), or from a teacher that runs
            within each training step (live).
        dtype, device_map: how the teachers run; see Inference.
    """

    source: Literal["trained", "given", "sentence"]
    mode: Literal["cached", "live"]
    path: str
    dtype: Dtype
    device_map: DeviceMap
    members: Count
    seed: Seed
    architecture: Architecture
    shift: Annotated[int, Field(ge=0)]
    label_smoothing: Share
    head: Head
    licence: NonEmpty | None
    licence_acknowledged: NonEmpty | None
    hub_id: HubId | None

    @property
    def inference(self) -> Inference:
        """How the teacher runs."""
        return Inference(dtype=self.dtype, device_map=self.device_map)
