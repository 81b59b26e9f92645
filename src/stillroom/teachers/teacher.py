"""Teachers: what the stages require of one, regardless of its kind.

    inputs of its own encoder ──Teacher.answer──> logits, batch by batch
    Teacher ──keeping(sparsifier)──> TeacherMember, whose capture is its fingerprint

A teacher makes two promises or not: that it can be asked a second time, and that it then answers
with the same bits. What follows a capture does what the promises allow, and says what it could not.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from stillroom.config.schema import Inference
from stillroom.data.encoders import Encoder
from stillroom.errors import ModelError
from stillroom.io.files.hashing import sha256_json
from stillroom.models.forward.generate import GenerationLimits
from stillroom.softlabels.capture.promises import Promises
from stillroom.softlabels.format.fingerprint import METHOD, Capture
from stillroom.softlabels.format.pooled_features import NONE, Kept, WithFeatures
from stillroom.softlabels.sparsify.sparsifier_registry import REGISTRY as SPARSIFIERS
from stillroom.teachers.plug_in_code import plug_in_code

if TYPE_CHECKING:
    from stillroom.softlabels.sparsify.sparsifier import Sparsifier


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """How a capture runs a teacher, regardless of the sparsifier.

    Attributes:
        augmentation: the name of the transform that makes views of an input, with its seed.
        seed: the seed of the sparsifier's draws.
        batch_size: the fixed number of rows in a forward pass.
        features: which hidden states are stored, pooled over each row or each piece, or none.
        embeddings: the folder of kept embeddings that a sentence teacher may use instead of a pass
            of its encoder; None: it runs on each input. The answers have the same bits.
        packages: the packages whose code answers, with its digest; none for a built-in kind.
    """

    augmentation: str
    seed: int
    batch_size: int
    features: Kept = NONE
    embeddings: Path | None = None
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """What identifies a stored teacher: the SHA-256 of its weights, and of its architecture."""

    weights: str
    architecture: str


@dataclass(frozen=True, slots=True)
class TeacherRef:
    """A teacher on disk, and how it runs; it travels between nodes.

    Attributes:
        path: the folder of the member.
        source: the name of its kind.
        identity: the hashes of its files when the reference was made.
        inference: the precision and the devices.
    """

    path: Path
    source: str
    identity: Identity
    inference: Inference

    @property
    def weights(self) -> str:
        """The SHA-256 of its weights."""
        return self.identity.weights

    @property
    def architecture(self) -> str:
        """The SHA-256 of its architecture."""
        return self.identity.architecture


@dataclass(frozen=True, slots=True)
class Execution:
    """Where and with what the answers are computed: a part of the fingerprint.

    Attributes:
        dtype: the type of the arithmetic.
        device: the kind of device, for example `cpu`.
        libraries: the names of the distributions that compute the answers.
        method: the version of what happens to the answers, and how they are computed, if not as
            usual.
    """

    dtype: str
    device: str
    libraries: tuple[str, ...]
    method: str = METHOD


class Teacher(ABC):
    """A teacher that is open, and answers inputs.

    Attributes:
        encoder: makes its inputs; it has the classes or the tokenizer of its answers.
        how: the settings of the capture.
        identity: the hashes of its files.
        promises: what it promises about a second capture.
    """

    encoder: Encoder
    how: CaptureSettings
    identity: Identity
    promises: Promises

    @property
    @abstractmethod
    def execution(self) -> Execution:
        """Where and with what the answers are computed."""

    @abstractmethod
    def answer(self, inputs: NDArray[Any]) -> Iterator[Any]:
        """Yield logits [n, C], or [n, positions, C], for inputs [N, *shape], in order.

        They are numpy arrays, or tensors on any device. n may be any number of rows.
        """

    def answer_with_features(self, inputs: NDArray[Any]) -> Iterator[WithFeatures]:
        """Yield the same, with pooled hidden states: one vector per row, or per piece of a pack.

        Raises:
            ModelError: this kind of teacher has no hidden states.
        """
        raise ModelError(
            f"softlabels.features is pooled, but {type(self).__name__} gives no hidden states. Set "
            "it to none, or choose a teacher that is a model directory."
        )

    def continuations(
        self, prompts: Sequence[Sequence[int]], limits: GenerationLimits
    ) -> list[list[int]] | None:
        """Return how it continues texts, or None if this kind of teacher cannot generate.

        Args:
            prompts: rows of token ids, of any lengths.
            limits: how far it continues.
        """
        return None

    def takes(self, prompt: Sequence[int], most: int) -> bool:
        """Tell whether it has positions for a prompt and `most` more tokens."""
        return True

    @property
    def classes(self) -> int:
        """How many classes or tokens an answer spans."""
        return self.encoder.outputs

    def keeping(self, sparsifier: "Sparsifier") -> "TeacherMember":
        """Return the teacher as a member of a set, whose capture names this sparsifier."""
        execution = self.execution
        capture = Capture(
            weights=self.identity.weights,
            architecture=self.identity.architecture,
            preprocessing=sha256_json(self.encoder.to_json()),
            augmentation=self.how.augmentation,
            dtype=execution.dtype,
            sparsifier=sparsifier,
            seed=self.how.seed,
            batch_size=self.how.batch_size,
            libraries=(*_versions(execution.libraries), *self._packages(sparsifier)),
            device=execution.device,
            features=self.how.features,
            method=execution.method,
        )
        return TeacherMember(self, capture)

    def _packages(self, sparsifier: "Sparsifier") -> list[str]:
        """Return the packages whose code answers or sparsifies; none if both are built in."""
        return sorted({*self.how.packages, *plug_in_code(SPARSIFIERS, sparsifier.kind)})


@dataclass(frozen=True, slots=True)
class TeacherMember:
    """A teacher and the capture that its answers belong to."""

    teacher: Teacher
    capture: Capture

    @property
    def classes(self) -> int:
        """How many classes an answer spans."""
        return self.teacher.classes

    @property
    def promises(self) -> Promises:
        """What the teacher promises about a second capture."""
        return self.teacher.promises

    def answer(self, inputs: NDArray[Any]) -> Iterator[Any]:
        """Yield logits [n, C] for inputs [N, *shape], in order, and features where kept."""
        if self.capture.features == NONE:
            yield from self.teacher.answer(inputs)
        else:
            yield from self.teacher.answer_with_features(inputs)


@cache  # each look-up of a version takes milliseconds on disk
def _versions(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the libraries that compute the answers, as `name version`."""
    return tuple(f"{name} {version(name)}" for name in names)
