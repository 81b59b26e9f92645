"""Running: one call asks about every input once, whatever the inputs are."""

from pathlib import Path

import numpy as np
from small_corpus import GPT2, small_corpus
from small_project import ENCODER, small

from stillroom.data.encoders.sequences import LABELS
from stillroom.models.table import Shape, build
from stillroom.pipelines.evaluate.running import running


def test_images_are_run(tmp_path: Path) -> None:
    inputs = ENCODER.encode(small(tmp_path).examples.read().head(3))
    model = build("mlp", {"hidden": [4]}, Shape.of(ENCODER), seed=0).eval()
    assert np.asarray(running(model, ENCODER)(inputs)).shape == (3, 3)


def test_sequences_are_run(tmp_path: Path) -> None:
    made = small_corpus(tmp_path)
    inputs = made.fitted.encode(made.examples.read().head(3))
    model = build("transformer", GPT2, made.shape, seed=0).eval()
    found = running(model, made.fitted)(inputs)
    assert isinstance(found, list)
    assert len(found) == 3
    assert all(part.shape[1] >= (inputs[at, LABELS] >= 0).sum() for at, part in enumerate(found))
