"""Soft-label loss: a model's outputs and the targets of a batch in, the loss of Stillroom out.

    outputs.logits, BatchTargets ──SoftLabelLoss──> loss         as `compute_loss_func`
    model, batch ──SoftLabelLoss.of_model──fused──> loss         in an override of `compute_loss`

A `compute_loss_func` gets the logits of every position, which the model has computed by then. With
the model itself the loss is fused: only answers pass through the output layer, in chunks, so the
logits of a batch never exist.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from stillroom.models.forward.lm_head import head_of, is_linear_head, output_layer_inputs
from stillroom.no_label import NO_LABEL
from stillroom.objectives.functional.distillation import FORWARD_KL, mixture_of
from stillroom.objectives.functional.targets import MissingMass, require_fitting
from stillroom.objectives.fused_loss import fused_loss
from stillroom.objectives.kinds.build_term import NO_OPTIONS
from stillroom.objectives.missing_mass_treatment import UNBIASED
from stillroom.objectives.mixture import BatchCounts
from stillroom.trainers.batch_targets import ANSWERS, HARD, BatchTargets
from stillroom.trainers.sequence_collator import unwrapped

if TYPE_CHECKING:
    from stillroom.softlabels.open_set import OpenedSet

Items = Tensor | int | float | None


class SoftLabelLoss:
    """The loss of `objectives.distillation_loss`, as a mean over the answers of a batch.

    With the items of the whole batch, the losses of its micro-batches add up to that of the batch.
    """

    def __init__(
        self,
        labels: "OpenedSet",
        *,
        terms: Mapping[str, float] = FORWARD_KL,
        hard_weight: float = 0.1,
        temperature: float = 1.0,
        missing_mass: MissingMass = "tail_bucket",
        options: Mapping[str, float] = NO_OPTIONS,
    ) -> None:
        """Build the loss; the arguments are those of `objectives.distillation_loss`.

        Args:
            labels: the opened set: whether its weights are unbiased decides how terms read them.
            terms, hard_weight, missing_mass, options: see `objectives.distillation_loss`.
            temperature: that of the collator.

        Raises:
            ConfigError: a term cannot be computed from such soft labels.
        """
        missing = UNBIASED if labels.is_unbiased else missing_mass
        self._mixture = mixture_of(terms, hard_weight, temperature, missing, options=options)
        self._is_linear: bool | None = None

    def __call__(
        self, outputs: Any, labels: BatchTargets, num_items_in_batch: Items = None
    ) -> Tensor:
        """Return the loss of a batch, or what a micro-batch adds to it; a `compute_loss_func`.

        Args:
            outputs: of the model, with logits [B, length, V], or [B, C].
            labels: of `SoftLabelCollator`.
            num_items_in_batch: the answers of the whole batch, over all its micro-batches; None
                where these are all.

        Raises:
            TypeError: the labels are not those of `SoftLabelCollator`.
            ValueError: the logits have other classes, or some answers of one micro-batch of
                several have no hard label.
        """
        targets, soft = _targets(labels), labels.soft
        logits = outputs.logits.flatten(0, -2)[targets[ANSWERS]]
        precise = logits.to(torch.promote_types(logits.dtype, torch.float32))
        require_fitting(precise, soft, targets[HARD])
        counts = self._counts(targets[HARD], num_items_in_batch)
        return self._mixture(precise, targets[HARD], soft, counts)

    def of_model(
        self,
        model: nn.Module,
        inputs: Mapping[str, Any],
        num_items_in_batch: Items = None,
        processes: int = 1,
    ) -> Tensor:
        """Return the same loss from the model, without the logits of the batch.

        Where logits are not just the output layer's, as with a soft cap or an adapter on that
        layer, and where the soft labels hold every class, the logits are computed.

        Args:
            model: a causal or masked language model, as the trainer has it.
            inputs: a batch of `SoftLabelCollator`.
            num_items_in_batch: see `__call__`.
            processes: how many processes the trainer averages gradients over, where
                `num_items_in_batch` counts the answers of all. Without this number, as TRL
                evaluates, the loss is that of the answers here.

        Raises:
            ValueError, TypeError: see `__call__`; or the output layer is spread over devices.
        """
        targets = _targets(inputs["labels"])
        rest = {name: value for name, value in inputs.items() if name != "labels"}
        inner, soft = unwrapped(model), targets.soft
        factor = 1 if num_items_in_batch is None else processes
        if soft.in_order or not self._has_linear_head(inner):
            return factor * self(model(**rest), targets, num_items_in_batch)
        at, hard = targets[ANSWERS], targets[HARD]
        hidden, _ = output_layer_inputs(inner, at, lambda *_: (model(**rest).logits, None))
        answers = hidden.flatten(0, -2)[at]
        counts = self._counts(hard, num_items_in_batch)
        return factor * fused_loss(answers, head_of(inner), hard, soft, self._mixture, counts)

    def _has_linear_head(self, model: Any) -> bool:
        if self._is_linear is None:
            layer = model.get_output_embeddings()
            weight = getattr(layer, "weight", None)
            if weight is None or weight.ndim != 2 or hasattr(weight, "device_mesh"):
                raise ValueError(
                    f"The output layer of {type(model).__name__} is spread over devices, so its "
                    "loss cannot be fused. Pass the loss as compute_loss_func."
                )
            # An adapter's layer also has a weight, but that of its base.
            self._is_linear = type(layer) is nn.Linear and is_linear_head(model, _probe())
        return self._is_linear

    def _counts(self, hard: Tensor, items: Items) -> BatchCounts:
        rows = len(hard) if items is None else int(items)
        labelled = int((hard != NO_LABEL).sum())
        if labelled == len(hard):
            return BatchCounts(rows, rows, rows)
        if rows != len(hard) and self._mixture.hard_weight:
            raise ValueError(
                f"{len(hard) - labelled} of {len(hard)} answers have no hard label, and a Trainer "
                "does not say how many labels its other micro-batches have. Set "
                "gradient_accumulation_steps=1 on one device, or hard_weight=0."
            )
        return BatchCounts(rows, labelled, rows)


def _targets(labels: Any) -> BatchTargets:
    if not isinstance(labels, BatchTargets):
        raise TypeError(
            f"The labels of the batch are a {type(labels).__name__} without soft labels. Set "
            "data_collator to a SoftLabelCollator."
        )
    return labels


def _probe() -> Tensor:
    """Return [2, 3, 4]: two sequences of four tokens, with labels, to look at a model with."""
    row = torch.tensor([[0, 1, 2, 3], [0, 1, 2, 3], [1, 2, 3, NO_LABEL]], dtype=torch.int32)
    return row.expand(2, 3, 4)
