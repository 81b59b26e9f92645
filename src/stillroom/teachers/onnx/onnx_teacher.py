"""ONNX teachers: the inputs of our encoders in, the logits of an ONNX file out.

inputs [N, *shape] ──batches of one fixed size──> ONNX Runtime ──> logits [n, C]
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.data.encoders import ArrayEncoder, Encoder, SequenceEncoder
from stillroom.data.text.token_layout import TOKENS
from stillroom.errors import ModelError
from stillroom.io.bounded_worker import run_bounded
from stillroom.io.no_telemetry import onnx_runtime
from stillroom.models.forward.text_logits import is_tokens, outputs_in_order
from stillroom.models.pretrained.model_directory import read_encoder
from stillroom.softlabels.capture.promises import RUNS_HERE, Promises
from stillroom.teachers.onnx.graph_file import bounds_of, find_onnx
from stillroom.teachers.onnx.piecewise_logits import sequence_logits
from stillroom.teachers.teacher import (
    CaptureSettings,
    Execution,
    Identity,
    Teacher,
    TeacherRef,
)

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from torch import Tensor

PROVIDER = "CPUExecutionProvider"
LIBRARIES = ("numpy", "onnxruntime")
TEXT_INPUTS = {"input_ids", "attention_mask"}


@dataclass(frozen=True, slots=True)
class OnnxSession:
    """An open ONNX file, with the encoder of its inputs.

    Attributes:
        session: of ONNX Runtime.
        encoder: makes the inputs.
        name: the name of the file in errors.
    """

    session: "InferenceSession"
    encoder: Encoder
    name: str

    @classmethod
    def of(cls, folder: Path, encoder: Encoder) -> "OnnxSession":
        """Open the file in a folder.

        Raises:
            ModelError: ONNX Runtime cannot read it, or its inputs or outputs are not those of a
                classifier or language model of the encoder's inputs.
        """
        onnxruntime = onnx_runtime()
        file = find_onnx(folder)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(file, options, providers=[PROVIDER])
        except Exception as error:  # ONNX Runtime raises classes of its own without a common base
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"{file.name} cannot be opened by ONNX Runtime: {reason}") from error
        opened = cls(session, encoder, file.name)
        opened._require_signature()
        return opened

    def logits(self, inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Return the logits [n, C] or [n, length, C] of inputs [n, *shape].

        Raises:
            ModelError: the file does not take such inputs.
        """
        try:
            (logits,) = self.session.run(None, self._feeds(inputs))
        except Exception as error:  # ONNX Runtime raises classes of its own without a common base
            reason = " ".join(str(error).split())[:300]
            raise ModelError(
                f"{self.name} cannot answer inputs of the shape {self.encoder.shape}: {reason}. "
                "Choose a file whose input is what the encoder makes."
            ) from error
        return np.asarray(logits, dtype=np.float32)

    def require_outputs(self) -> None:
        """Refuse a file with another number of classes or tokens than its encoder.

        Raises:
            ModelError: the number differs.
        """
        shape = self.encoder.shape
        kind = np.float32 if isinstance(self.encoder, ArrayEncoder) else np.int32
        count = self.logits(np.zeros((1, *shape), dtype=kind)).shape[-1]
        padded = isinstance(self.encoder, SequenceEncoder) and count > self.encoder.outputs
        if count != self.encoder.outputs and not padded:
            raise ModelError(
                f"{self.name} has {count} outputs, but its encoder has {self.encoder.outputs} "
                "classes or tokens. Choose the file that belongs to the encoder."
            )

    def _require_signature(self) -> None:
        names = [one.name for one in self.session.get_inputs()]
        outputs = [one.name for one in self.session.get_outputs()]
        if len(outputs) != 1:
            raise ModelError(
                f"{self.name} has {len(outputs)} outputs ({', '.join(outputs)}), but a teacher "
                "must have one, its logits. Export it with that output only."
            )
        if isinstance(self.encoder, ArrayEncoder):
            if len(names) != 1:
                raise ModelError(
                    f"{self.name} has the inputs {', '.join(names)}, but the examples are "
                    f"{self.encoder.kind}, which are one input. Export it with one input."
                )
        elif not set(names) <= TEXT_INPUTS or "input_ids" not in names:
            raise ModelError(
                f"{self.name} has the inputs {', '.join(names)}, but tokens are input_ids and "
                "attention_mask. Export it with these names."
            )

    def _feeds(self, inputs: NDArray[Any]) -> dict[str, NDArray[Any]]:
        names = [one.name for one in self.session.get_inputs()]
        if isinstance(self.encoder, ArrayEncoder):
            return {names[0]: inputs}
        tokens = inputs[:, TOKENS].astype(np.int64)
        padding = self.encoder.tokenizer.padding or 0
        fed = {
            "input_ids": np.where(tokens < 0, padding, tokens),
            "attention_mask": (tokens >= 0).astype(np.int64),
        }
        return {name: fed[name] for name in names}


def require_answer(folder: Path) -> None:
    """Refuse a stored file that needs too much memory or time for one input, or cannot answer it.

    A graph of 200 bytes can ask for terabytes, so it answers in a bounded worker first.

    Args:
        folder: with the graph and its encoder.

    Raises:
        ModelError: ONNX Runtime cannot read it, or its outputs are not those of the encoder.
        DataError: it needs too much.
    """
    run_bounded(answer_once, str(folder), subject=find_onnx(folder), bounds=bounds_of(folder))


def answer_once(folder: str) -> None:
    """Open a stored file and answer one input, in a process that does nothing else."""
    OnnxSession.of(Path(folder), read_encoder(Path(folder))).require_outputs()


@dataclass(frozen=True)
class OnnxTeacher(Teacher):
    """An ONNX file that answers."""

    session: OnnxSession
    identity: Identity
    how: CaptureSettings
    encoder: Encoder
    promises: Promises = RUNS_HERE

    @classmethod
    def of(cls, ref: TeacherRef, how: CaptureSettings, encoder: Encoder) -> "OnnxTeacher":
        """Open the file of a stored teacher.

        Raises:
            ModelError: ONNX Runtime cannot read it.
        """
        return cls(OnnxSession.of(ref.path, encoder), ref.identity, how, encoder)

    @property
    def execution(self) -> Execution:
        """ONNX Runtime on the CPU; the arithmetic is that of the file."""
        return Execution("float32", "cpu", LIBRARIES)

    def answer(self, inputs: NDArray[Any]) -> Iterator[Any]:
        """Yield logits in order; the shape of a row's batch depends on the row only.

        So a row keeps its bits, regardless of what else is in the batch.
        """
        size = self.how.batch_size
        if isinstance(self.encoder, SequenceEncoder):
            for start in range(0, len(inputs), size):
                some = inputs[start : start + size]
                yield sequence_logits(self._vocabulary_logits, some, size)
            return
        if is_tokens(inputs):
            if len(inputs):
                yield from outputs_in_order(self._tensors, inputs, size)
            return
        for start in range(0, len(inputs), size):
            batch = inputs[start : start + size]
            padded = np.zeros((size, *inputs.shape[1:]), dtype=inputs.dtype)
            padded[: len(batch)] = batch
            yield self.session.logits(padded)[: len(batch)]

    def _vocabulary_logits(self, texts: NDArray[Any]) -> NDArray[np.float32]:
        """Return logits without those of ids that only pad the model's vocabulary."""
        return self.session.logits(texts)[:, :, : self.encoder.outputs]

    def _tensors(self, batch: "Tensor") -> "tuple[Tensor, ...]":
        import torch

        return (torch.from_numpy(self.session.logits(batch.numpy())),)
