"""Losses to compare: hidden states and an output matrix in, one loss out, three ways.

fused          ours, from stored soft labels
plain          cross-entropy with hard labels, on full logits
torchtune      its chunked forward KL, on the teacher's full logits
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from stillroom.objectives.fused_loss import OutputLayer, fused_loss
from stillroom.objectives.kinds.build_term import soft_term
from stillroom.objectives.missing_mass_treatment import UNBIASED
from stillroom.objectives.mixture import Mixture
from stillroom.objectives.targets.soft_target import SoftTarget

ENTRIES = 50
CHUNKS = 8  # torchtune's own default
# The target is what `threshold` stores, read at T = 1, with hard labels beside it.
LOSS = Mixture(0.1, ((1.0, soft_term("forward_kl", 1.0, UNBIASED)),))


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets of a batch of N positions over V tokens.

    Attributes:
        labels: [N].
        target: 50 weighted tokens for each position.
        logits: [N, V], the teacher's, for a loss that needs all of them.
    """

    labels: Tensor
    target: SoftTarget
    logits: Tensor | None


def seeded_targets(positions: int, vocabulary: int, with_logits: bool = False) -> Targets:
    """Return targets that depend only on a fixed seed."""
    draws = torch.Generator().manual_seed(0)
    labels = torch.randint(0, vocabulary, (positions,), generator=draws)
    # Distinct in each row: consecutive tokens from a random place on.
    first = torch.randint(0, vocabulary - ENTRIES, (positions, 1), generator=draws)
    ids = first + torch.arange(ENTRIES)
    log_p = torch.randn(positions, ENTRIES, generator=draws).log_softmax(dim=1)
    logits = torch.randn(positions, vocabulary, generator=draws) if with_logits else None
    return Targets(labels, SoftTarget(ids, {1.0: log_p}), logits)


def fused(hidden: Tensor, weight: Tensor, of: Targets) -> Tensor:
    """Our loss, without the logits."""
    return fused_loss(hidden, OutputLayer(weight), of.labels, of.target, LOSS)


def plain(hidden: Tensor, weight: Tensor, of: Targets) -> Tensor:
    """Cross-entropy on full logits."""
    return functional.cross_entropy(hidden @ weight.T, of.labels)


def torchtune(hidden: Tensor, weight: Tensor, of: Targets) -> Tensor:
    """torchtune's chunked forward KL, as its distillation recipe calls it."""
    if of.logits is None:
        raise ValueError("torchtune's loss needs the teacher's full logits. Pass with_logits=True.")
    parts = [chunk @ weight.T for chunk in hidden.chunk(CHUNKS)]
    chunks = [part[None] for part in parts]
    loss: Tensor = _torchtune()(
        chunks, [part[None] for part in of.logits.chunk(CHUNKS)], of.labels[None]
    )
    return loss


def has_torchtune() -> bool:
    """Return whether torchtune is there; `pip install --no-deps torchtune` installs it."""
    try:
        return files("torchtune") is not None
    except PackageNotFoundError:
        return False


@cache
def _torchtune() -> Any:
    # Load only the file: importing the package needs a dozen others, none of which the loss needs.
    path = next(f for f in files("torchtune") or [] if str(f).endswith("loss/kd_losses.py"))
    spec = spec_from_file_location("torchtune_kd_losses", str(path.locate()))
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} of torchtune cannot be loaded")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ForwardKLWithChunkedOutputLoss(num_output_chunks=CHUNKS)


LOSSES: dict[str, Callable[[Tensor, Tensor, Targets], Tensor]] = {
    "fused": fused,
    "plain": plain,
    "torchtune": torchtune,
}
