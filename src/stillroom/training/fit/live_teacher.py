"""Live teacher: inputs in, the soft labels that the cache would hold out, in each training step.

    inputs ──each teacher, whole logits──> log p at each temperature, combined ──> SoftTarget
           └──hidden states────────────────────────────────────────────────────> Features

It serves feature terms over every position, and it shows whether the cache gives the same curve.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from transformers import PreTrainedModel

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.errors import ModelError
from stillroom.models.architectures.transformer import require_length
from stillroom.models.forward.hidden_states import feature_width
from stillroom.models.pretrained.model_directory import read_encoder
from stillroom.objectives.feature_batch import Features, side_by_side
from stillroom.objectives.targets.soft_target import SoftTarget
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.reading.ensemble_mean import ensemble_log_p
from stillroom.teachers.compatibility import require_same_inputs
from stillroom.teachers.stored_teachers import live_module
from stillroom.training.job import LiveConfig

Combine = Literal["read", "capture"]
Forward = Callable[[PreTrainedModel, Tensor], tuple[Tensor, Features | None]]


@dataclass(frozen=True, slots=True)
class LiveTeacher:
    """Teachers that answer together, in evaluation mode; none of their weights is trained.

    Attributes:
        models: the teachers, in order.
        combination: the kind of mean of their distributions, and the shares.
        combine: whether the mean is computed at each temperature (read), or at T = 1 (capture).
        forward: returns logits and, where a term compares them, features.
        outputs: C, the number of classes or tokens; a teacher's vocabulary may be padded beyond C.
    """

    models: Sequence[PreTrainedModel]
    combination: Combination
    combine: Combine
    forward: Forward
    outputs: int

    @classmethod
    def of(cls, live: LiveConfig, encoder: Encoder, forward: Forward) -> "LiveTeacher":
        """Load the teachers.

        Args:
            live: which teachers there are, and how they are combined.
            encoder: the encoder of the student's inputs.
            forward: from `models.forward`: logits, with or without features.

        Raises:
            ModelError: a teacher is damaged, or encodes its inputs differently from the student.
        """
        for path in map(Path, live.teachers):
            require_same_inputs(read_encoder(path), encoder, path)
        on_cpu = replace(live.inference, device_map="cpu")  # `to` moves them beside the student
        models = [live_module(Path(path), on_cpu).requires_grad_(False) for path in live.teachers]
        if isinstance(encoder, SequenceEncoder):
            for model in models:
                require_length(model.config, encoder.length)
        combination = Combination(mean=live.mean, shares=tuple(live.shares))
        return cls(models, combination, live.combine, forward, encoder.outputs)

    def to(self, device: torch.device) -> None:
        """Move the teachers to a device."""
        for model in self.models:
            model.to(device)  # type: ignore[arg-type]

    def width(self, shape: tuple[int, ...]) -> int:
        """Return the width of the pooled features, side by side."""
        return sum(feature_width(model, shape) for model in self.models)

    @torch.no_grad()
    def answer(
        self, inputs: Tensor, temperatures: Sequence[float]
    ) -> tuple[SoftTarget, Features | None]:
        """Return the target over all classes at each temperature, and the features.

        Without a temperature the target holds no classes.

        Args:
            inputs: [N, *shape], as the student sees them.
            temperatures: the temperatures at which the loss reads the target.

        Raises:
            ModelError: an answer holds NaN or infinity.
        """
        # As in a capture, regardless of the student's precision.
        with torch.autocast(inputs.device.type, enabled=False):
            answers = [self.forward(model, inputs) for model in self.models]
        logits = torch.stack([own[:, : self.outputs].float() for own, _ in answers])
        if bool((logits.isnan() | logits.isposinf()).any()):
            raise ModelError(
                "A live teacher answered with NaN or infinity. Train it again with a lower "
                "learning rate, or set teacher.mode=cached: `capture` then names the row."
            )
        log_p = {t: cached_log_p(logits, self.combination, self.combine, t) for t in temperatures}
        nothing = SoftTarget.nothing(logits.shape[1]).to(inputs.device)
        target = SoftTarget.whole(log_p) if log_p else nothing
        features = [own for _, own in answers if own is not None]
        return target, side_by_side(features) if features else None


def cached_log_p(
    logits: Tensor, combination: Combination, combine: Combine, temperature: float
) -> Tensor:
    """Return the ensemble's log p [N, C] at a temperature, as the cache would hold it.

    Args:
        logits: [members, N, C].
        combination: the kind of mean, and the shares.
        combine: `read` computes the mean at the temperature; `capture` computes it at T = 1, and
            tempers the result as one teacher's answer.
        temperature: T > 0, in the units of a logit.
    """
    taken_at = temperature if combine == "read" else 1.0
    log_p = ensemble_log_p(list((logits / taken_at).log_softmax(dim=-1)), combination)
    return log_p if combine == "read" else log_p.div(temperature).log_softmax(dim=-1)
