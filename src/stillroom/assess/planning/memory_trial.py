"""Memory trial: in a process of its own, a fit of a few rows in, what its training needs out.

    python -m stillroom.assess.planning.memory_trial job.json trial.json

    imports, validation rows, model ──forward and backward of few rows──> bytes, by operation
                                    ──the same with one row more─────────> bytes of any batch

It takes the memory of the weights, of their gradients and of a few rows. Nothing is trained.
"""

import ctypes
import gc
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stillroom.errors import user_message
from stillroom.evaluation.cost.peak_memory import ResidentMemory
from stillroom.io.json.json_files import write_json
from stillroom.io.printable import printable_lines
from stillroom.no_label import NO_LABEL

if TYPE_CHECKING:
    from torch import Tensor

    from stillroom.assess.planning.live_bytes import LiveBytes
    from stillroom.training.data.batch_loader import Batch
    from stillroom.training.data.memory_dataset import MemoryDataset
    from stillroom.training.fit.lit_module import LitModule
    from stillroom.training.job import Job

MODULE = "stillroom.assess.planning.memory_trial"
HEAP = 2**25  # bytes: glibc's DEFAULT_MMAP_THRESHOLD_MAX, on machines of 64 bits
FREE_LISTS = "malloc_trim"  # of glibc: returns freed memory to the system


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a trial measured, in bytes where nothing else is said.

    Attributes:
        process: the interpreter, the libraries and the validation rows, without the model.
        building: the peak of the process while the model was built.
        forward: the most that the tensors of a micro-batch take in the forward pass.
        step: the most that they and the gradients take in forward and backward pass.
        weights, gradients: all weights and buffers, and the gradients of those that are trained.
        parameters: how many values are trained.
        largest: how many values the largest trained weight has.
        in_heap: how many values lie in weights of at most 32 MiB in float32: glibc puts these on
            its heap, and maps each larger one on its own.
        rows: the training rows, without soft labels.
        batch_rows: the rows of a micro-batch.
    """

    process: int
    building: int
    forward: int
    step: int
    weights: int
    gradients: int
    parameters: int
    largest: int
    in_heap: int
    rows: int
    batch_rows: int


def run_trial(job: "Job") -> Trial:
    """Build the model of a job's only fit, and run forward and backward on a few rows.

    Raises:
        StillroomError: the examples or the model cannot be used.
    """
    import torch
    from dvclive.live import Live  # noqa: F401  (training draws curves: its imports count)

    from stillroom.data.encoders import read_encoder
    from stillroom.io.tables import TableFile
    from stillroom.objectives.mixture import hard_labels
    from stillroom.training.data.dataset_factory import DatasetFactory
    from stillroom.training.fit.fit_model import FitInputs, build_lit_module
    from stillroom.training.process import worker  # noqa: F401  (likewise)

    (fit,) = job.fits
    torch.set_num_threads(job.trainer.threads)
    torch.use_deterministic_algorithms(True, warn_only=job.trainer.accelerator != "cpu")
    encoder = read_encoder(Path(job.encoder))
    factory = DatasetFactory(
        examples=TableFile(Path(job.examples)),
        encoder=encoder,
        labels=None,
        memory=job.trainer.memory_gb * 1e9,
    )
    validation = factory.validation()
    inputs = FitInputs(train=validation, validation=validation, loss=hard_labels(), encoder=encoder)
    module = build_lit_module(fit, inputs, job.trainer)
    building = ResidentMemory().highest()
    module.configure_model()
    module._masters = {}  # the optimiser's, which are added by their number
    trained = [one for one in module.parameters() if one.requires_grad]
    weights = _bytes([*module.parameters(), *module.buffers()])
    batch_rows = micro_batch_rows(job, validation, factory.count(fit))
    forward, step = _peaks(module, job, validation, batch_rows)
    module.zero_grad(set_to_none=True)
    return Trial(
        process=_resident() - weights,
        building=building,
        forward=forward,
        step=step,
        weights=weights,
        gradients=_bytes(trained),
        parameters=sum(one.numel() for one in trained),
        largest=max(one.numel() for one in trained),
        in_heap=sum(one.numel() for one in trained if 4 * one.numel() <= HEAP),
        rows=int(factory.needed),
        batch_rows=batch_rows,
    )


def micro_batch_rows(job: "Job", validation: "MemoryDataset", train_rows: int) -> int:
    """Return the most rows of a micro-batch, at the length of the longest validation row."""
    from stillroom.training.data.sampler import MicroBatch

    how = job.fits[0].optimisation
    rows = how.batch_size
    if how.batch_tokens is not None:
        tokens = validation.row_tokens()
        longest = validation.inputs.shape[-1] if tokens is None else int(tokens.max())
        rows = max(1, how.batch_tokens // longest)
    batch = np.arange(min(rows, train_rows))
    parts = job.trainer.devices * how.accumulate
    return len(MicroBatch(batch=batch, number=0, count=parts, epoch=0).rows)


def _peaks(
    module: "LitModule", job: "Job", validation: "MemoryDataset", rows: int
) -> tuple[int, int]:
    """Return the peak of the forward pass, and of forward and backward pass, for `rows` rows."""
    from stillroom.assess.planning.live_bytes import LiveBytes, peak_of_rows

    few = 2 if validation.inputs.is_floating_point() else 1  # batch normalisation cannot take 1
    forward, whole = [], []
    for number in (few, few + 1):
        module.zero_grad(set_to_none=True)
        counter = LiveBytes([*module.parameters(), *module.buffers()])
        end = _step(module, job, few_rows(module, validation, number, rows), counter)
        forward.append(counter.after_each[:end])
        whole.append(counter.after_each)
    at = (few, few + 1)
    return (
        peak_of_rows(forward[0], forward[1], at, rows),
        peak_of_rows(whole[0], whole[1], at, rows),
    )


def _step(module: "LitModule", job: "Job", batch: "Batch", counter: "LiveBytes") -> int:
    """Run forward and backward; return how many operations the forward pass had."""
    import torch

    from stillroom.training.fit.precision import arithmetic_of

    is_mixed = arithmetic_of(job.trainer).autocast == "bf16-mixed"
    with counter:
        with torch.autocast("cpu", torch.bfloat16, enabled=is_mixed):
            loss = module.training_step(batch, 0)
        end = len(counter.after_each)
        loss.backward()
    return end


def few_rows(module: "LitModule", validation: "MemoryDataset", number: int, rows: int) -> "Batch":
    """Return the fullest validation row `number` times, as a micro-batch.

    The fused loss holds the logits of a chunk at a time. So each row gets as many labels as let
    `rows` of them fill one chunk at most: the bytes are then linear in the rows.
    """
    from stillroom.data.text.token_layout import LABELS, TOKENS
    from stillroom.models.forward.lm_head import head_of, masked_labels
    from stillroom.models.forward.text_logits import trimmed
    from stillroom.objectives.fused_loss import CHUNK
    from stillroom.training.data.sampler import MicroBatch

    row = LABELS if validation.is_tokens else TOKENS
    is_float = validation.inputs.is_floating_point()
    at = 0 if is_float else int((validation.inputs[:, row] >= 0).sum(dim=1).argmax())
    batch = validation[MicroBatch(batch=np.full(number, at), number=0, count=1, epoch=0)]
    if is_float:
        return batch
    if not validation.is_tokens:
        return replace(batch, inputs=trimmed(batch.inputs))
    if not module.has_linear_head(batch):
        return batch
    most = max(1, CHUNK // len(head_of(module.model).weight) // rows)
    inputs = batch.inputs.clone()
    labels = inputs[:, LABELS]
    labels[(labels >= 0).cumsum(dim=1) > most] = NO_LABEL
    return replace(batch, inputs=inputs, labels=masked_labels(inputs))


def _bytes(tensors: "Iterable[Tensor]") -> int:
    return sum({one.data_ptr(): one.nbytes for one in tensors}.values())


def _resident() -> int:
    """Return the resident memory, once what was freed is returned to the system."""
    gc.collect()
    libc = ctypes.CDLL(None)
    if hasattr(libc, FREE_LISTS):
        libc.malloc_trim(0)
    return ResidentMemory().now()


def main(arguments: list[str]) -> int:
    """Try the job that the arguments name; return the exit code."""
    from stillroom.training.job import read_job

    job, result = arguments
    try:
        trial = run_trial(read_job(Path(job)))
    except Exception as error:
        message = user_message(error)
        if message is None:
            raise
        print(printable_lines(message), file=sys.stderr)
        return 1
    write_json(Path(result), asdict(trial))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
