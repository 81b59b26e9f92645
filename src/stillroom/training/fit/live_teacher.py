"""Live teachers: inputs in, what the cache would have said of them out, within the training step.

    inputs ──each teacher, whole logits──> log p at each temperature, combined ──> SoftTarget
           └──hidden states────────────────────────────────────────────────────> Features

What feature terms over every position need, and the control that the cache is judged against.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from transformers import PreTrainedModel

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.errors import ModelError
from stillroom.models.architectures.transformer import require_length
from stillroom.models.forward.hidden_states import feature_width
from stillroom.models.pretrained.model_directory import load_model, read_encoder
from stillroom.objectives.feature_batch import Features, side_by_side
from stillroom.objectives.soft_target import SoftTarget
from stillroom.training.job import Live

Combine = Callable[[Tensor, Tensor, float], Tensor]
Forward = Callable[[PreTrainedModel, Tensor], tuple[Tensor, Features | None]]


@dataclass(frozen=True, slots=True)
class Teachers:
    """Teachers that answer together, in evaluation mode; none of their weights is trained.

    Attributes:
        models: in order.
        shares: one for each, summing to one.
        combine: their log p at a temperature, as the cache would.
        forward: gives logits and, where a term asks for them, features.
        outputs: C, the classes or tokens; a teacher's vocabulary may be padded beyond them.
    """

    models: Sequence[PreTrainedModel]
    shares: Sequence[float]
    combine: Combine
    forward: Forward
    outputs: int

    @classmethod
    def of(cls, live: Live, encoder: Encoder, forward: Forward) -> "Teachers":
        """Load the teachers.

        Args:
            live: who they are and how they are combined.
            encoder: of the student's inputs.
            forward: `with_features` or `logits_alone`, of sequences `answers_with_features` or
                `answers_asked`.

        Raises:
            ModelError: one is damaged, or encodes its inputs otherwise than the student.
        """
        for path in map(Path, live.teachers):
            if not _reads(read_encoder(path), encoder):
                raise ModelError(
                    f"{path} encodes its inputs otherwise than the student does, and a live "
                    "teacher sees the student's. Set teacher.mode=cached."
                )
        there = replace(live.inference, device_map="cpu")  # `to` moves them beside the student
        models = [load_model(Path(path), there).requires_grad_(False) for path in live.teachers]
        if isinstance(encoder, SequenceEncoder):
            for model in models:
                require_length(model.config, encoder.length)
        return cls(models, live.shares, COMBINE[live.mean, live.combine], forward, encoder.outputs)

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

        Without a temperature nothing is said of the classes.

        Args:
            inputs: [N, *shape], as the student sees them.
            temperatures: those that the loss reads.

        Raises:
            ModelError: a teacher answers what is no number.
        """
        # As a capture asks them, whatever the student's precision.
        with torch.autocast(inputs.device.type, enabled=False):
            answers = [self.forward(model, inputs) for model in self.models]
        logits = torch.stack([found[:, : self.outputs].float() for found, _ in answers])
        if bool((logits.isnan() | logits.isposinf()).any()):
            raise ModelError(
                "a live teacher answers NaN or infinity. Train it again with a lower learning "
                "rate, or set teacher.mode=cached: `capture` says which row it is."
            )
        shares = logits.new_tensor(self.shares)[:, None, None]
        log_p = {t: self.combine(logits, shares, t) for t in temperatures}
        nothing = SoftTarget.nothing(logits.shape[1]).to(inputs.device)
        target = SoftTarget.whole(log_p) if log_p else nothing
        features = [found for _, found in answers if found is not None]
        return target, side_by_side(features) if features else None


def _reads(own: Encoder, encoder: Encoder) -> bool:
    """Tell whether what an encoder makes means the same to a teacher with its own."""
    if isinstance(own, SequenceEncoder) and isinstance(encoder, SequenceEncoder):
        return (own.tokenizer.sha256, own.task) == (encoder.tokenizer.sha256, encoder.task)
    return own == encoder


def mean_of_probabilities(logits: Tensor, shares: Tensor, temperature: float) -> Tensor:
    """Return log sum_m share_m softmax(z_m / T), [N, C], of logits [members, N, C]."""
    return ((logits / temperature).log_softmax(dim=-1) + shares.log()).logsumexp(dim=0)


def mean_of_logits(logits: Tensor, shares: Tensor, temperature: float) -> Tensor:
    """Return log softmax(sum_m share_m z_m / T), [N, C], of logits [members, N, C]."""
    return (logits * shares).sum(dim=0).div(temperature).log_softmax(dim=-1)


def one_then_tempered(logits: Tensor, shares: Tensor, temperature: float) -> Tensor:
    """Return the mean of probabilities at T = 1, tempered as one teacher's answer would be."""
    return mean_of_probabilities(logits, shares, 1.0).div(temperature).log_softmax(dim=-1)


COMBINE: dict[tuple[str, str], Combine] = {
    ("probability", "read"): mean_of_probabilities,
    ("probability", "capture"): one_then_tempered,
    ("logit", "read"): mean_of_logits,
    ("logit", "capture"): mean_of_logits,
}
