"""Text embeddings: texts in, the inputs of a head out; kept embeddings save passes.

    texts [N, 3, length] ──kept, or the encoder at fixed shapes──> embeddings [N, D]
    embeddings [N, D] ──head, at the shapes of the encoder's batches──> logits [N, C]

The last bits of a row's logits depend on the shape of its batch, in the head as in the encoder. So
the head runs on batches of the same shape as in a whole forward pass, and the logits of a row have
the same bits regardless of where its embedding came from.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.data.text.token_layout import Sequences
from stillroom.io.files.hashing import sha256_bytes, sha256_json
from stillroom.models.architectures import pooling, sentence_encoder
from stillroom.models.architectures.sentence_encoder import (
    SentenceForSequenceClassification,
    embeddings,
)
from stillroom.models.forward import forward_kwargs, sequence_logits, text_logits
from stillroom.models.forward.text_logits import fixed_batches, in_order, outputs_in_order
from stillroom.teachers.model_teacher import ModelTeacher
from stillroom.teachers.sentence.kept_embeddings import (
    Embeddings,
    Vector,
    read_embeddings,
    row_keys,
)

if TYPE_CHECKING:
    from torch import Tensor

CODE = (pooling, sentence_encoder, forward_kwargs, sequence_logits, text_logits)
# What a folder of weights says of itself, which changes when it is saved, and no embedding.
UNUSED = ("_name_or_path", "architectures", "dtype", "id2label", "label2id", "transformers_version")


@dataclass(frozen=True)
class SentenceTeacher(ModelTeacher):
    """A sentence encoder with a head, which runs on texts without a kept embedding.

    Attributes:
        kept: embeddings of an earlier pass, by the key of the row.
    """

    kept: Embeddings = field(default_factory=dict)

    def answer(self, inputs: NDArray[Any]) -> Iterator[Any]:
        """Yield logits [n, C] for inputs [N, 3, length], in order."""
        if len(inputs):
            vectors, _ = embedded(self.model, inputs, self.how.batch_size, self.kept)
            yield head_logits(self.model, vectors, inputs, self.how.batch_size)


def with_kept_embeddings(teacher: ModelTeacher) -> ModelTeacher:
    """Return a teacher that uses what its settings let it use of kept embeddings."""
    folder, model = teacher.how.embeddings, teacher.model
    if folder is None or not isinstance(model, SentenceForSequenceClassification):
        return teacher
    kept = read_embeddings(folder, encoder_identity(model))
    values = {name: getattr(teacher, name) for name in ModelTeacher.__dataclass_fields__}
    return SentenceTeacher(**values, kept=kept) if kept else teacher


def embedded(
    model: Any, inputs: Sequences, batch_size: int, kept: Embeddings
) -> tuple[NDArray[np.float32], dict[bytes, Vector]]:
    """Return embeddings [N, D], and by key those that were not kept.

    Args:
        model: a sentence encoder with a head.
        inputs: [N, 3, length], N at least 1.
        batch_size: the largest number of rows in a batch.
        kept: embeddings by key.
    """
    import torch

    def forward(batch: "Tensor") -> "tuple[Tensor, ...]":
        with torch.inference_mode():
            return (embeddings(model, batch.to(model.device)),)

    keys = row_keys(inputs, batch_size)
    missing = {key: row for row, key in enumerate(keys) if key not in kept}
    new: dict[bytes, Vector] = {}
    if missing:
        (vectors,) = outputs_in_order(forward, inputs[list(missing.values())], batch_size)
        new = dict(zip(missing, vectors.cpu().numpy(), strict=True))
    return np.stack([new[key] if key in new else kept[key] for key in keys]), new


def head_logits(
    model: Any, vectors: NDArray[np.float32], inputs: Sequences, batch_size: int
) -> "Tensor":
    """Return logits [N, C] for embeddings [N, D] of texts [N, 3, length]."""
    import torch

    def batches() -> "Iterator[tuple[NDArray[np.int64], tuple[Tensor, ...]]]":
        for rows, _, size in fixed_batches(inputs, batch_size):
            # A tensor of PyTorch's own: a product's last bits may depend on its alignment.
            batch = torch.empty(size, vectors.shape[1], dtype=model.dtype)
            batch[: len(rows)] = torch.from_numpy(vectors[rows])
            batch[len(rows) :] = batch[0]
            with torch.inference_mode():
                yield rows, (model.classifier(batch),)

    (logits,) = in_order(batches())
    return logits


def encoder_identity(model: SentenceForSequenceClassification) -> str:
    """Return a hash of all that an embedding depends on besides its input and its batch's shape."""
    import torch

    config = model.config
    text_config = {
        name: value for name, value in config.text_config.to_dict().items() if name not in UNUSED
    }
    tensors = {
        name: sha256_bytes(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().data)
        for name, tensor in model.encoder.state_dict().items()
    }
    return sha256_json(
        {
            "tensors": tensors,
            "config": repr(sorted(text_config.items())),
            "pooling": [config.pooling, config.normalise, getattr(config, "skipped_tokens", 0)],
            "attention": str(model.encoder.config._attn_implementation),
            "dtype": str(model.dtype),
            "device": model.device.type,
            "threads": torch.get_num_threads(),
            "processor": torch.backends.cpu.get_cpu_capability(),
            "libraries": [f"{name} {version(name)}" for name in ("torch", "transformers")],
            "code": _code_hash(),
        }
    )


@cache
def _code_hash() -> str:
    """Return a hash of the modules that compute embeddings."""
    files = [str(module.__file__) for module in CODE]
    return sha256_json([sha256_bytes(Path(file).read_bytes()) for file in files])
