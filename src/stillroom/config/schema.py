"""The parameters as frozen, checked types: one class per top-level key of the composed config.

    composed dict ──> Data | Teacher | SoftLabels | Student | Objective | Trainer | Evaluate

A wrong type, an unknown key or a value out of range is refused when the class is built; nothing
further in looks at a raw parameter. Shares and fractions are of one, temperatures in logits.
"""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.config.data_schema import Data
from stillroom.config.field_types import (
    STRICT,
    Count,
    DeviceMap,
    Dtype,
    HubId,
    Inside,
    Positive,
    Said,
    Seed,
    Share,
    Weight,
)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Architecture:
    """A builder's name in the table of models, and the options that it takes."""

    name: str
    options: dict[str, Any]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Optimisation:
    """How one model is fitted: a linear warm-up of the learning rate, then a cosine down to zero.

    Attributes:
        optimiser: AdamW, or SGD with Nesterov's momentum.
        warmup: share of the steps.
        clip: the largest norm of a gradient; null lets it be.
        accumulate: parts that a batch is computed in, one after another; what is learnt is equal.
        patience: epochs without a better one after which training stops; null goes to the end.
        keep: whose weights are kept: of the epoch with the lowest validation NLL, with the highest
            validation accuracy, or of the last one.
    """

    optimiser: Literal["adamw", "sgd"]
    epochs: Count
    batch_size: Count
    lr: Positive
    momentum: Share
    weight_decay: Annotated[float, Field(ge=0)]
    warmup: Share
    clip: Positive | None
    accumulate: Count
    patience: Count | None
    keep: Literal["nll", "accuracy", "last"]

    def alone(self) -> "Optimisation":
        """Return these values without what a subclass adds."""
        return Optimisation(**{name: getattr(self, name) for name in Optimisation.__annotations__})


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Inference:
    """How a teacher runs when it is asked.

    Attributes:
        dtype: of its weights and its arithmetic.
        device_map: where its layers lie; auto spreads them over the GPUs there are.
    """

    dtype: Dtype
    device_map: DeviceMap


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Head:
    """How the head of a sentence encoder is fitted: logistic regression with an L2 penalty.

    Attributes:
        strength: C, the inverse of the penalty; null chooses it by the validation NLL.
        steps: of L-BFGS, at most.
    """

    strength: Positive | None
    steps: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Teacher(Optimisation):
    """Who answers: an ensemble trained here (`trained`), a model directory (`given`), or a sentence
    encoder with a head that is fitted here (`sentence`).

    Attributes:
        head: of a sentence encoder.
        licence: of a given model, as `license` in a model card; null reads its own card.
        licence_acknowledged: why a licence that forbids it, or that is not known, may be passed.
        hub_id: of a given model, as owner/name, for the student's card.
        mode: students learn from answers that are kept (cached), or from a teacher that runs
            within each training step (live).
        dtype, device_map: how they run when they are asked; see Inference.
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
    licence: Said | None
    licence_acknowledged: Said | None
    hub_id: HubId | None

    @property
    def inference(self) -> Inference:
        """How it runs when it is asked."""
        return Inference(dtype=self.dtype, device_map=self.device_map)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SoftLabels:
    """What is kept of each answer, and how several teachers become one.

    Attributes:
        k: entries of a distribution, for topk and threshold_fixed.
        temperatures: at which topk keeps log Z.
        entries, tau: average entries for threshold; a tau that is null is solved by a pilot.
        samples: draws that sample makes of a distribution.
        temperature: at which sample and threshold are unbiased.
        draws: independent draws of each training row, one per epoch in turn.
        views: of each training image, or of which tokens of a sequence are hidden.
        shift: an image is moved by up to so many pixels.
        combine: members apart, combined when read, or on their full logits at capture.
        weights: of the members; null weighs them equally.
        pilot: positions that a pilot looks at.
        features: keep the teachers' last hidden states, averaged over positions (pooled), or none.
    """

    sparsifier: Literal["full", "topk", "sample", "threshold", "threshold_fixed"]
    k: Count
    temperatures: Annotated[list[Positive], Field(min_length=1)]
    entries: Annotated[float, Field(ge=1)]
    tau: Annotated[float, Field(ge=2e-5, le=1)] | None
    samples: Annotated[int, Field(ge=1, le=65535)]
    temperature: Positive
    draws: Annotated[int, Field(ge=1, le=65535)]
    views: Annotated[int, Field(ge=0, le=65534)]
    shift: Annotated[int, Field(ge=0)]
    seed: Seed
    combine: Literal["read", "capture"]
    mean: Literal["probability", "logit"]
    weights: list[Positive] | None
    batch_size: Count
    rows_per_shard: Annotated[int, Field(ge=2)]
    pilot: Count
    features: Literal["none", "pooled"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Transfer:
    """Which training rows student and control learn from.

    Attributes:
        share: of the rows.
        without: names of classes that are left out.
        balance: names of classes whose output bias is set on validation rows, once trained.
    """

    share: Annotated[float, Field(gt=0, le=1)]
    without: list[str]
    balance: list[str]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Student(Optimisation):
    """Who learns, and from which rows."""

    architecture: Architecture
    seed: Seed
    transfer: Transfer


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Terms:
    """How much of each soft term; zero leaves it out. `docs/objectives.md` has their formulas."""

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
        """Return the terms of answers that weigh something."""
        return {
            name: weight
            for name, weight in asdict(self).items()
            if weight and name not in FEATURE_TERMS
        }

    def used_features(self) -> dict[str, float]:
        """Return the terms of features that weigh something."""
        return {
            name: weight
            for name, weight in asdict(self).items()
            if weight and name in FEATURE_TERMS
        }


FROM_TEACHER = "from_teacher"  # of student.architecture: some of its layers

CORPORA = ("corpus", "topics")  # of data.source: running text

FEATURE_TERMS = (
    "hidden_mse",
    "hidden_cosine",
    "attention_transfer",
    "rkd_distance",
    "rkd_angle",
    "similarity_preserving",
)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Objective:
    """hard_weight * cross-entropy + (1 - hard_weight) * the weighted sum of the soft terms.

    Attributes:
        temperature: of the soft terms.
        missing_mass: what is done about probability that top-k did not store.
        positions: of hidden_mse and hidden_cosine: pooled features, or each position.
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


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Trainer:
    """Where training runs.

    Attributes:
        devices: processes, one for each device; each takes its part of a batch.
        strategy: of several: whole copies of the model (ddp), or a part of it for each (fsdp).
        precision: auto is bf16 on GPUs that have it, and float32 elsewhere.
        threads: of one process, on the CPU.
        workers: processes that load rows; 0 loads in the training process.
        memory_gb: for rows in memory; what does not fit is shuffled in blocks.
        checkpoint_steps: steps between two checkpoints.
    """

    accelerator: Literal["cpu", "cuda", "auto"]
    devices: Count
    strategy: Literal["ddp", "fsdp"]
    precision: Literal["auto", "float32", "bf16"]
    threads: Count
    workers: Annotated[int, Field(ge=0)]
    memory_gb: Positive
    checkpoint_steps: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Evaluate:
    """How models are measured.

    Attributes:
        seeds: students that are trained, and controls beside them; the first is the one that ships.
        full_logits: also train students from all that the teachers say, where the cache has less.
        bins: of the reliability diagram and the calibration error.
        latency_images: examples that are timed one by one.
        energy_seconds: for how long each model answers while its energy is metered.
        slices: by name, conditions on the examples' columns, as pl.col('size') < 8.
    """

    seeds: Annotated[int, Field(ge=1, le=100)]
    full_logits: bool
    bins: Annotated[int, Field(ge=2)]
    latency_images: Count
    energy_seconds: Positive
    slices: dict[str, str]


SECTIONS: dict[str, type] = {
    "data": Data,
    "teacher": Teacher,
    "softlabels": SoftLabels,
    "student": Student,
    "objective": Objective,
    "trainer": Trainer,
    "evaluate": Evaluate,
}


def plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections as plain values again, for a page or a card to print."""
    return {
        name: asdict(section) if is_dataclass(section) else section  # type: ignore[arg-type]
        for name, section in parameters.items()
    }
