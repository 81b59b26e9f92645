"""Small, real examples on disk, with teachers and soft labels: stripes in two directions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
import torch

from stillroom.data.encoders import ArrayEncoder, Encoder, fit_encoder, read_encoder, write_encoder
from stillroom.data.example_digest import examples_digest
from stillroom.data.example_ids import example_ids
from stillroom.data.views.image_views import PLAIN, Views
from stillroom.io.tables import TableFile, write_table
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import save_model
from stillroom.models.shape import Shape
from stillroom.softlabels.capture.capture_set import (
    CaptureJob,
    CaptureRequest,
    capture_set,
    materialise,
    open_staged,
)
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.manifest import manifest_of, write_manifest
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store
from stillroom.teachers.capture_inputs import ExampleInputs
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings

WHOLE = Full()
CLASSES = ["across", "down", "plain"]
ROWS = {"train": 60, "validation": 20, "test": 30}
SIDE = 8


def image_encoder(shape: Shape) -> ArrayEncoder:
    """Return an encoder of images that leaves them in [0, 1]."""
    channels, height, width = shape.inputs
    return ArrayEncoder(
        kind="image",
        classes=shape.classes,
        shape=shape.inputs,
        raw_shape=(height, width, channels),
        mean=(0.0,) * channels,
        scale=(1.0,) * channels,
    )


ENCODER = image_encoder(Shape((1, SIDE, SIDE), tuple(CLASSES)))


@dataclass(frozen=True)
class ImageExamples:
    """Examples and their encoder on disk."""

    examples: TableFile
    encoder: Path

    @property
    def shape(self) -> Shape:
        return Shape((1, SIDE, SIDE), tuple(CLASSES))


def frame(unlabelled: int = 0) -> pl.DataFrame:
    """Return examples of stripes in noise; the first training rows carry no label."""
    draws = np.random.default_rng(0)
    rows = []
    for split, count in ROWS.items():
        for number in range(count):
            label = number % 3
            image = draws.integers(0, 120, (SIDE, SIDE))
            if label == 0:
                image[::2] += 120
            elif label == 1:
                image[:, ::2] += 120
            known = split != "train" or number >= unlabelled
            content = image.astype(np.uint8).tobytes()
            (key,) = example_ids("image", (SIDE, SIDE, 1), [content])
            rows.append((key, split, label if known else None, "made", number, content))
    schema = {
        "example_id": pl.Binary,
        "split": pl.String,
        "label": pl.Int32,
        "part": pl.String,
        "row": pl.Int64,
        "image": pl.Binary,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def image_examples(folder: Path, unlabelled: int = 0) -> ImageExamples:
    """Write the examples into `folder`."""
    table = frame(unlabelled)
    write_table(table, folder / "examples.parquet")
    train = table.filter(pl.col("split") == "train")
    encoder = fit_encoder(train, "image", CLASSES, (SIDE, SIDE, 1))
    return ImageExamples(
        TableFile(folder / "examples.parquet"), written(encoder, folder / "encoder")
    )


def written(encoder: Encoder, folder: Path) -> Path:
    """Write an encoder into a new folder."""
    folder.mkdir(parents=True)
    write_encoder(encoder, folder)
    return folder


def other_encoder(made: ImageExamples, folder: Path, **changes: Any) -> Path:
    """Write an encoder that differs from that of the examples."""
    return written(replace(read_encoder(made.encoder), **changes), folder)


def untrained_teachers(made: ImageExamples, folder: Path, members: int = 2) -> Path:
    """Write model directories of untrained perceptrons that nearly agree."""
    for member in range(members):
        model = build("mlp", {"hidden": [32]}, made.shape, seed=0)
        draws = torch.Generator().manual_seed(member)
        with torch.no_grad():
            for weights in model.parameters():
                weights += 0.01 * torch.randn(weights.shape, generator=draws)
        save_model(model, read_encoder(made.encoder), folder / f"member_{member}")
    return folder


def soft_labels(
    made: ImageExamples,
    teachers: Path,
    folder: Path,
    sparsifier: Sparsifier = WHOLE,
    views: Views = PLAIN,
    draws: int = 1,
    features: Literal["none", "pooled"] = "none",
) -> SoftLabelSet:
    """Capture the teachers' answers without the check that the teachers are trained."""
    how = CaptureSettings(augmentation=views.name, seed=0, batch_size=16, features=features)
    refs, encoder = teacher_refs(teachers), read_encoder(made.encoder)
    inputs = ExampleInputs(made.examples, encoder, views, draws)
    jobs = tuple(CaptureJob(open_teacher(ref, how, encoder), inputs) for ref in refs)
    store = Store(folder.with_name(f"{folder.name}_store"))
    one = Combination.of("probability", [1.0] * len(refs))
    request = CaptureRequest(jobs, sparsifier, one, store, 50, 100, encoder.classes)
    capture_set(request, folder.with_name(f"{folder.name}_staged"), _quietly, lambda line: None)
    materialise(open_staged(folder.with_name(f"{folder.name}_staged"), store), folder)
    return SoftLabelSet(folder)


def of_examples(labels: SoftLabelSet, made: ImageExamples) -> SoftLabelSet:
    """Write the digest of the examples into a set's manifest, as a capture does."""
    names = ("members", "combination", "codec", "classes", "class_names")
    parts = [getattr(labels.manifest, name) for name in names]
    digest = examples_digest(made.examples, read_encoder(made.encoder))
    write_manifest(labels.folder, manifest_of(*parts, examples=digest))
    return SoftLabelSet(labels.folder)


@contextmanager
def _quietly(label: str, rows: int) -> Iterator[Callable[[int], None]]:
    yield lambda done: None
