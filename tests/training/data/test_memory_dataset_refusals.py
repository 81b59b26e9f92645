"""The dataset in memory: what it refuses, and the error messages."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from support.examples.image_examples import (
    ImageExamples,
    image_examples,
    soft_labels,
    untrained_teachers,
)
from support.training.jobs import numbered_rows

from stillroom.data.encoders import read_encoder
from stillroom.data.views.image_views import Views
from stillroom.errors import DataError, SoftLabelError
from stillroom.io.tables import write_table
from stillroom.softlabels.format.manifest import manifest_of, write_manifest
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.training.data.memory_dataset import (
    MemoryDataset,
    labelled_rows,
    read_split,
    with_captured_views,
    with_targets,
)

MOVED = Views(count=3, shift=2, seed=5)


def train(made: ImageExamples) -> MemoryDataset:
    return read_split(made.examples, read_encoder(made.encoder), "train")


@pytest.fixture
def made(tmp_path: Path) -> ImageExamples:
    return image_examples(tmp_path)


def labels_of(
    made: ImageExamples, folder: Path, kind: Sparsifier | None = None, members: int = 1, **more: Any
) -> SoftLabelSet:
    teachers = untrained_teachers(made, folder / "t", members)
    return soft_labels(made, teachers, folder / "s", kind or Full(), **more)


def test_views_that_another_transform_made_are_refused_by_name(
    made: ImageExamples, tmp_path: Path
) -> None:
    labels = labels_of(made, tmp_path, views=MOVED)
    old = labels.manifest
    member = replace(
        old.members[0],
        capture=replace(old.members[0].capture, augmentation="crop-3 size=7"),
    )
    other = manifest_of((member,), old.combination, old.codec, old.classes, old.class_names)
    assert other.fingerprint != old.fingerprint
    assert (
        replace(old.captures[0], augmentation=Views(count=3, shift=1, seed=5).name).fingerprint
        != old.captures[0].fingerprint
    )

    class Foreign(SoftLabelSet):
        """Its rows are of the transform that its manifest names."""

        def variants(self, example_id: bytes) -> list[tuple[int, int]]:
            return labels.variants(example_id)

    write_manifest(labels.folder, other)
    with pytest.raises(
        SoftLabelError, match=r"by 'crop-3 size=7', but this version makes views by shift-2"
    ):
        with_captured_views(train(made), Foreign(labels.folder))


@pytest.mark.parametrize(
    "join", [with_captured_views, lambda of, labels: with_targets(of, labels, [4.0])]
)
def test_an_example_without_a_soft_label_is_an_error(
    made: ImageExamples, tmp_path: Path, join: Any
) -> None:
    labels = labels_of(made, tmp_path)
    plain = train(made)
    with pytest.raises(SoftLabelError, match="1 of 1 rows have no soft label.*ee" + "ee" * 15):
        join(replace(plain, example_ids=[b"\xee" * 16, *plain.example_ids[1:]]), labels)
    with pytest.raises(SoftLabelError, match="1 of 60 rows have no soft label"):
        with_targets(
            replace(plain, example_ids=[*plain.example_ids[:-1], b"\xee" * 16]), labels, [4.0]
        )


def test_a_row_that_lacks_a_view_that_others_have_is_an_error(
    made: ImageExamples, tmp_path: Path
) -> None:
    labels = labels_of(made, tmp_path, views=MOVED)
    validation = made.examples.read().filter(pl.col("split") == "validation")
    plain = train(made)
    mixed = [*plain.example_ids[:-1], validation["example_id"][0]]
    with pytest.raises(SoftLabelError, match=r"1 of 60 rows have no soft label.*view 1"):
        with_targets(replace(plain, example_ids=mixed), labels, [4.0])


def test_an_empty_split_is_an_error(made: ImageExamples) -> None:
    write_table(made.examples.read().filter(pl.col("split") != "train"), made.examples.path)
    with pytest.raises(DataError, match="no rows in the split train"):
        train(made)


def test_labelled_keeps_the_labelled_rows_alone() -> None:
    mixed = replace(numbered_rows(3), labels=torch.tensor([1, -1, 0]))
    kept = labelled_rows(mixed)
    assert kept.inputs.flatten().tolist() == [0.0, 2.0]
    assert kept.example_ids == [numbered_rows(3).example_ids[0], numbered_rows(3).example_ids[2]]
    with pytest.raises(DataError, match="1 validation rows has a label, but each epoch"):
        labelled_rows(replace(numbered_rows(1), labels=torch.tensor([-1])))
