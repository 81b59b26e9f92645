"""Sparsify rows: the answers of a teacher and their rows in, the entries of the rows out.

logits of a batch + rows (several draws may share an answer) ──> Entries, row after row
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.row import Row
from stillroom.softlabels.sparsify.row_rng import Purpose, salt, uniforms


def on_cpu(logits: Any) -> NDArray[np.float32]:
    """Return logits of any device and float type as a numpy array."""
    import torch

    return np.asarray(torch.as_tensor(logits).float().cpu().numpy())


def sparsify_rows(
    logits: Any, answers: Sequence[int], rows: Sequence[Row], capture: Capture
) -> Any:
    """Return the entries of some rows.

    Args:
        logits: [n, C] or [n, positions, C]; a row has the first len(row.labels) positions.
        answers: for each row, the number of its answer, below n.
        rows: the rows; several draws of one input share an answer.
        capture: its sparsifier, and the ingredients that seed the draws.
    """
    import torch

    from stillroom.softlabels.sparsify.sparsify import Batch, sparsify

    dense = torch.as_tensor(logits)
    width = 1 if dense.ndim == 2 else dense.shape[1]
    lengths = [len(row.labels) for row in rows]
    each = capture.sparsifier.uniforms
    numbers = uniforms(
        [row.input_key for row in rows],
        [row.draw for row in rows],
        [each * length for length in lengths],
        Purpose.SPARSIFY,
        salt(capture.seed, capture.weights),
    ).reshape(sum(lengths), each)
    positions = [
        np.arange(length) + answer * width for answer, length in zip(answers, lengths, strict=True)
    ]
    labels = np.concatenate([row.labels for row in rows]).astype(np.int64)
    if labels.max(initial=-1) >= dense.shape[-1]:
        raise SoftLabelError(
            f"a hard label is {labels.max()}, but the teacher has {dense.shape[-1]} classes, "
            "counted from 0. Choose a teacher with the classes of the examples."
        )
    batch = Batch(
        logits=dense.reshape(-1, dense.shape[-1]),
        rows=torch.from_numpy(np.concatenate(positions)).to(dense.device),
        labels=torch.from_numpy(labels).to(dense.device),
        uniforms=torch.from_numpy(numbers).to(dense.device),
    )
    return sparsify(batch, capture.sparsifier)
