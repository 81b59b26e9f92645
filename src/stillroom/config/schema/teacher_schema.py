"""The section `teacher` of the parameters."""

from dataclasses import field
from typing import Literal

from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import (
    OPEN,
    STRICT,
    Count,
    DeviceMap,
    Dtype,
    HubId,
    Members,
    NonEmpty,
    Pixels,
    Positive,
    Seed,
    Share,
)
from stillroom.config.schema.model_schema import Architecture, Optimisation
from stillroom.errors import ConfigError


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


LISTED = "listed"  # teacher.source where the list `teachers` names the teachers


@dataclass(frozen=True, kw_only=True, config=OPEN)
class GivenTeacher:
    """A teacher that exists: an entry of the list `teachers`, or what `teacher` says of one.

    Further keys are options of its kind.

    Attributes:
        source: the kind of the teacher, a name of the registry of teachers.
        path: where it lies; None for a kind that lies nowhere.
        licence: its licence, as `license` in a model card; null: read its own card.
        licence_acknowledged: the reason to continue with a forbidden or unknown licence.
        hub_id: its name on the Hub, owner/name, for the student's card.
        class_names: the class of the examples for each of its own names that differs.
    """

    source: str
    path: str | None = None
    licence: NonEmpty | None = None
    licence_acknowledged: NonEmpty | None = None
    hub_id: HubId | None = None
    class_names: dict[NonEmpty, NonEmpty] = field(default_factory=dict)

    @property
    def required_path(self) -> str:
        """Where it lies.

        Raises:
            ConfigError: no path is set.
        """
        if self.path is None:
            raise ConfigError(
                f"A teacher of the kind {self.source} has no path. Set teacher.path, or the path "
                "of its entry in teachers."
            )
        return self.path


@dataclass(frozen=True, kw_only=True, config=OPEN)
class Teacher(Optimisation):
    """The teacher: an ensemble trained here, or one that exists. Further keys are options of its
    kind.

    Attributes:
        source: the kind of the teacher, a name of the registry of teachers; `listed` where the
            list `teachers` names them.
        head: how the head of a sentence encoder is fitted.
        licence: the licence of a given model, as `license` in a model card; null: read its own
            card.
        licence_acknowledged: the reason to continue with a forbidden or unknown licence.
        hub_id: the name of a given model, owner/name, for the student's card.
        class_names: the class of the examples for each name of a given classifier that differs.
        mode: students learn from stored answers (cached), or from a teacher that runs
            within each training step (live).
        dtype, device_map: how the teachers run; see Inference.
    """

    source: str
    mode: Literal["cached", "live"]
    path: str
    dtype: Dtype
    device_map: DeviceMap
    members: Members
    seed: Seed
    architecture: Architecture
    shift: Pixels
    label_smoothing: Share
    head: Head
    licence: NonEmpty | None
    licence_acknowledged: NonEmpty | None
    hub_id: HubId | None
    class_names: dict[NonEmpty, NonEmpty]

    @property
    def inference(self) -> Inference:
        """How the teacher runs."""
        return Inference(dtype=self.dtype, device_map=self.device_map)

    def as_given(self) -> GivenTeacher:
        """Return what this section says of a teacher that exists.

        All other keys are passed on, so that its kind finds its options among them.
        """
        return GivenTeacher(**vars(self))
