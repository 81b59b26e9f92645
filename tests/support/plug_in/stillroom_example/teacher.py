"""A teacher that is no model of PyTorch: it compares an input with the mean of each class.

labelled training rows ──mean of each class──> prototypes.npy
input ──-(squared distance to each prototype) * sharpness (+ noise)──> logits
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass as options_dataclass

from stillroom.config.kind_options import options_of
from stillroom.config.schema import GivenTeacher, Inference
from stillroom.data.encoders import Encoder, read_encoder, write_encoder
from stillroom.evaluation.cost.parameter_counts import Size
from stillroom.io.files.hashing import sha256_file, sha256_json
from stillroom.softlabels.capture.promises import Promises
from stillroom.teachers.teacher import (
    CaptureSettings,
    Execution,
    Identity,
    Teacher,
    TeacherRef,
)
from stillroom.teachers.teacher_kind import Preparation, Served, TeacherKind

WEIGHTS, SETTINGS = "prototypes.npy", "settings.json"


@options_dataclass(frozen=True, kw_only=True, config={"extra": "forbid"})
class PrototypeOptions:
    """The options of the teacher.

    Attributes:
        sharpness: the factor of the squared distances.
        noise: the spread of the noise that each answer has; 0: none.
        answers_once: whether it can be asked only once.
    """

    sharpness: float = 1.0
    noise: float = 0.0
    answers_once: bool = False


class Prototypes(TeacherKind):
    """A teacher made of the means of the classes."""

    options = PrototypeOptions
    has_path = False

    def prepare(self, given: GivenTeacher, folder: Path, preparation: Preparation) -> None:
        """Write the mean of the labelled training rows of each class."""
        options = options_of(given, PrototypeOptions, "teacher")
        rows = preparation.examples.read().filter(
            pl.col("split") == "train", pl.col("label").is_not_null()
        )
        inputs = preparation.encoder.encode(rows).reshape(len(rows), -1)
        labels = rows["label"].to_numpy()
        means = [
            inputs[labels == label].mean(axis=0) for label in range(preparation.encoder.outputs)
        ]
        folder.mkdir(parents=True)
        np.save(folder / WEIGHTS, np.stack(means).astype(np.float32), allow_pickle=False)
        settings = {
            "sharpness": options.sharpness,
            "noise": options.noise,
            "answers_once": options.answers_once,
        }
        (folder / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
        write_encoder(preparation.encoder, folder)

    def identity(self, folder: Path) -> Identity:
        """Return the hashes of prototypes and settings."""
        settings = sha256_file(folder / SETTINGS)
        weights = sha256_json([sha256_file(folder / WEIGHTS), settings])
        return Identity(weights, sha256_json(["prototypes", settings]))

    def open(self, ref: TeacherRef, how: CaptureSettings, encoder: Encoder) -> Teacher:
        """Read the prototypes."""
        settings = json.loads((ref.path / SETTINGS).read_text(encoding="utf-8"))
        return PrototypeTeacher(
            prototypes=np.load(ref.path / WEIGHTS, allow_pickle=False),
            sharpness=settings["sharpness"],
            noise=settings["noise"],
            promises=Promises(not settings["answers_once"], exact=settings["noise"] == 0),
            identity=ref.identity,
            how=how,
            encoder=read_encoder(ref.path),
        )

    def serve(self, folder: Path, inference: Inference) -> Served:
        """Read the prototypes to measure the cost of an answer."""
        ref = TeacherRef(folder, "prototypes", self.identity(folder), inference)
        encoder = read_encoder(folder)
        teacher = self.open(ref, CaptureSettings("none", 0, 32), encoder)
        count = int(np.load(folder / WEIGHTS, allow_pickle=False).size)
        return Served(
            encoder=encoder,
            run=lambda inputs: list(teacher.answer(inputs)),
            size=Size(count, count, 4 * count),
            flops=None,
            read_weights=lambda: None,
            device="cpu",
        )


@dataclass(frozen=True)
class PrototypeTeacher(Teacher):
    """The open teacher."""

    prototypes: NDArray[np.float32]
    sharpness: float
    noise: float
    promises: Promises
    identity: Identity
    how: CaptureSettings
    encoder: Encoder

    @property
    def execution(self) -> Execution:
        """Numpy on the CPU."""
        return Execution("float32", "cpu", ("numpy",))

    def answer(self, inputs: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
        """Yield the logits of each input by itself."""
        for row in inputs.reshape(len(inputs), -1):
            distances = ((self.prototypes - row) ** 2).sum(axis=1)
            noise = np.random.default_rng().normal(size=len(distances)) * self.noise
            yield (-self.sharpness * distances + noise).astype(np.float32)[None]
