"""The section `student` of the parameters."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import (
    STRICT,
    Count,
    HubId,
    NonEmpty,
    Seed,
    Share,
    Width,
)
from stillroom.config.schema.model_schema import Architecture, Optimisation

# The value of student.architecture.name for a student that has some of its teacher's layers.
FROM_TEACHER = "from_teacher"
# What it becomes for a student that starts from the model at student.path.
PRETRAINED = "pretrained"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Transfer:
    """Which training rows student and control learn from.

    Attributes:
        share: share of the rows that are used.
        without: names of classes that are left out.
        balance: names of classes whose output bias is set on validation rows after training.
    """

    share: Annotated[float, Field(gt=0, le=1)]
    without: list[str]
    balance: list[str]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Adapter:
    """LoRA: which layers get trained matrices A and B beside their frozen weights W.

    A layer computes W x + (alpha / rank) B A x. A is drawn from the seed, and B starts at zero, so
    that the first step sees the unchanged model (Hu et al. 2021, arXiv 2106.09685, section 4.1).

    Attributes:
        rank: the number of rows of A and of columns of B.
        alpha: the scale of the product, times the rank.
        dropout: the share of the inputs of A that a training step leaves out.
        targets: the names of the layers, as they end in the model; null: those that peft lists for
            this type of model.
    """

    kind: Literal["lora"]
    rank: Width
    alpha: Count
    dropout: Share
    targets: Annotated[list[NonEmpty], Field(min_length=1)] | None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Student(Optimisation):
    """The student, and the rows that it learns from.

    Attributes:
        path: a model directory that the student starts from; null: its weights are drawn from the
            seed, or are layers of the teacher.
        licence: the licence of that model, as `license` in a model card; null: read its own card.
        licence_acknowledged: the reason to continue if that licence is unknown.
        hub_id: the name of that model on the Hub, owner/name, for the student's card.
        adapter: trains only small matrices beside the weights of that model, or of the teacher's
            layers; null: all weights are trained.
    """

    architecture: Architecture
    seed: Seed
    transfer: Transfer
    path: NonEmpty | None = None
    licence: NonEmpty | None = None
    licence_acknowledged: NonEmpty | None = None
    hub_id: HubId | None = None
    adapter: Adapter | None = None
