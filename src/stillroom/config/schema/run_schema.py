"""The sections `trainer`, `evaluate`, `export` and `report`."""

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import (
    OPEN,
    STRICT,
    Count,
    Members,
    NonEmpty,
    Positive,
    Seconds,
)

Sanity = Literal["stop", "warn"]
Precision = Literal["auto", "float32", "bf16", "bf16_master", "bf16_weights"]
HALF_WEIGHTS: tuple[Precision, ...] = ("bf16_master", "bf16_weights")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Trainer:
    """Where training runs.

    Attributes:
        devices: processes, one for each device; each computes a part of a batch.
        strategy: whether each of several devices holds a whole model (ddp), or a part (fsdp).
        precision: the types of weights, gradients and arithmetic. With AdamW's two moments,
            float32 takes 16 bytes for each parameter that is trained. bf16 takes as much: weights
            stay in float32, and products are computed in bf16. bf16_master has weights and
            gradients in bf16, and float32 master copies in the optimiser: 16 bytes, and smaller
            activations. bf16_weights has no copies, and rounds weights stochastically: 12 bytes.
            auto is bf16 on GPUs that have it, and float32 elsewhere.
        gradient_checkpointing: keep only the inputs of each layer for the backward pass, which
            computes the rest again: less memory, more time, the same result.
        threads: threads of one process, on the CPU.
        workers: processes that load rows; 0: the training process loads them.
        memory_gb: memory for rows; a larger set is shuffled in blocks.
        checkpoint_steps: steps between two checkpoints.
    """

    accelerator: Literal["cpu", "cuda", "auto"]
    devices: Members
    strategy: Literal["ddp", "fsdp"]
    precision: Precision
    gradient_checkpointing: bool
    threads: Members
    workers: Annotated[int, Field(ge=0, le=1000)]
    memory_gb: Positive
    checkpoint_steps: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Answers:
    """How answers to held-out prompts are checked.

    Attributes:
        rule: when an answer is right, given the reference.
        prompts: the largest number of prompts, chosen by a hash of their content.
        max_tokens: the largest number of tokens of an answer.
        choices: the labels of the rule `choice`.
        schema: the schema of the rule `json_schema`; null: the reference of each prompt is one.
    """

    rule: Literal["exact", "number", "choice", "contains", "json_schema"]
    prompts: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    max_tokens: Annotated[int, Field(ge=1, le=2**16)] = 64
    choices: Annotated[list[NonEmpty], Field(max_length=1000)] | None = None
    schema: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Evaluate:
    """How models are measured.

    Attributes:
        seeds: the number of students, and of their controls; the first student ships.
        full_logits: also train students from full logits, if the cache keeps less.
        bins: bins of the reliability diagram and the calibration error.
        latency_images: examples that are timed one by one.
        energy_seconds: seconds that each model runs while its energy is measured.
        sanity: what an alarm does, such as a teacher at chance: it stops the run (stop), or stands
            first in the report and only stops the export (warn).
        slices: conditions on the examples' columns, by name, as pl.col('size') < 8.
        answers: whether and how answers to held-out prompts are checked; null: they are not.
    """

    seeds: Annotated[int, Field(ge=1, le=100)]
    full_logits: bool
    bins: Annotated[int, Field(ge=2, le=10_000)]
    latency_images: Annotated[int, Field(ge=1, le=1_000_000)]
    energy_seconds: Seconds
    sanity: Sanity
    slices: dict[str, str]
    answers: Answers | None = None


@dataclass(frozen=True, kw_only=True, config=OPEN)
class Export:
    """How the student ships. Further keys hold the options of a format, by its name.

    Attributes:
        formats: the names of export formats in the registry.
    """

    formats: Annotated[list[NonEmpty], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Report:
    """What the report shows.

    Attributes:
        sections: the names of its sections, in the order of the page.
    """

    sections: Annotated[list[NonEmpty], Field(min_length=1)]
