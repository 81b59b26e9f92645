"""Model directories as teachers: identity, cost, and the module of a live teacher."""

from pathlib import Path

import pytest
from support.examples.image_examples import ENCODER, image_examples, untrained_teachers

from stillroom.config.schema import GivenTeacher
from stillroom.errors import ModelError
from stillroom.models.pretrained.model_directory import EXACT, architecture_hash
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.teachers.kinds.model_directory_kind import ModelDirectory, Trained
from stillroom.teachers.teacher_kind import Preparation


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return untrained_teachers(image_examples(tmp_path), tmp_path / "t", members=1) / "member_0"


def test_its_identity_is_that_of_weights_and_config(folder: Path) -> None:
    identity = Trained().identity(folder)
    assert identity.weights == weights_hash(folder)
    assert identity.architecture == architecture_hash(folder)


def test_its_cost_counts_parameters_and_flops(folder: Path) -> None:
    model = Trained().serve(folder, EXACT)
    assert model.size.parameters == 64 * 32 + 32 + 32 * 3 + 3
    assert model.flops is not None
    assert model.flops(ENCODER.encode(image_examples(folder / "x").examples.read())[:4]) == 2 * (
        64 * 32 + 32 * 3
    )
    assert model.device == "cpu"


def test_it_can_run_within_a_training_step(folder: Path) -> None:
    assert not Trained().module(folder, EXACT).training


def test_a_trained_teacher_has_nothing_to_prepare(folder: Path, tmp_path: Path) -> None:
    examples = image_examples(tmp_path / "more").examples
    preparation = Preparation(tmp_path, examples, ENCODER, EXACT)
    with pytest.raises(ModelError, match=r"Set teacher\.source=given"):
        Trained().prepare(GivenTeacher(source="trained"), tmp_path / "new", preparation)
    assert ModelDirectory.is_model
