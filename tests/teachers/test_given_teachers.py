"""Given teachers: one, or a list of any kinds, and who they are together."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.examples.image_examples import ImageExamples, image_examples, untrained_teachers
from support.licences_and_lineage import write_card
from support.training.jobs import TRAINER

from stillroom.config.compose import compose
from stillroom.config.schema import Teacher
from stillroom.data.encoders import read_encoder
from stillroom.errors import LicenceError
from stillroom.export.onnx import export_onnx
from stillroom.models.forward.fixed_shape import probabilities
from stillroom.models.pretrained.model_directory import load_model
from stillroom.pipelines.teachers.nodes import check_licence, train_teachers
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.teachers.ensemble import ensemble_probabilities
from stillroom.teachers.given_teachers import given_teachers
from stillroom.teachers.stored_teachers import teacher_refs

Listed = list[dict[str, Any]]


@pytest.fixture
def made(project: Path, monkeypatch: pytest.MonkeyPatch) -> ImageExamples:
    monkeypatch.chdir(project)
    return image_examples(project)


def composed(project: Path, listed: Listed) -> tuple[Teacher, Listed]:
    parameters = compose(project, {"teachers": listed})
    return Teacher(**parameters["teacher"]), parameters["teachers"]


def three_teachers(made: ImageExamples, project: Path) -> Listed:
    """Write two model directories and an ONNX file, and return the list that names them."""
    models = untrained_teachers(made, project / "mine", members=3)
    third = models / "member_2"
    export_onnx(
        load_model(third),
        read_encoder(made.encoder).encode(made.examples.read()),
        third / "model.onnx",
    )
    return [
        {"source": "given", "path": "mine/member_0", "licence": "mit"},
        {"source": "given", "path": "mine/member_1", "licence": "apache-2.0"},
        {"source": "onnx", "path": "mine/member_2/model.onnx", "licence": "own"},
    ]


def test_a_list_of_any_kinds_is_an_ensemble(project: Path, made: ImageExamples) -> None:
    teacher, listed = composed(project, three_teachers(made, project))
    assert (teacher.source, teacher.members) == ("listed", 3)
    licence = check_licence(teacher, listed)
    assert [one["identifier"] for one in licence["teachers"]] == ["mit", "apache-2.0", "own"]
    folder, curves = train_teachers(
        made.examples, made.encoder, licence, [], teacher, listed, TRAINER, "stop"
    )
    assert curves == []
    refs = teacher_refs(folder)
    assert [ref.source for ref in refs] == ["given", "given", "onnx"]
    assert len({ref.weights for ref in refs}) == 3


def test_their_mean_is_weighted_as_that_of_trained_teachers(
    project: Path, made: ImageExamples
) -> None:
    teacher, listed = composed(project, three_teachers(made, project))
    licence = check_licence(teacher, listed)
    folder, _ = train_teachers(
        made.examples, made.encoder, licence, [], teacher, listed, TRAINER, "stop"
    )
    test = made.examples.read().filter(pl.col("split") == "test")
    encoder = read_encoder(made.encoder)
    weighted = Combination.of("probability", [1.0, 2.0, 5.0])
    mean = ensemble_probabilities(teacher_refs(folder), weighted, encoder, test)
    apart = [
        probabilities(load_model(project / "mine" / f"member_{number}"), encoder.encode(test), 16)
        for number in range(3)
    ]
    expected = (1 * apart[0] + 2 * apart[1] + 5 * apart[2]) / 8
    assert np.abs(mean - expected).max() < 1e-6


def test_eleven_members_keep_their_order(project: Path, made: ImageExamples) -> None:
    untrained_teachers(made, project / "mine", members=11)
    listed = [{"source": "given", "path": f"mine/member_{n}", "licence": "own"} for n in range(11)]
    teacher, listed = composed(project, listed)
    licence = check_licence(teacher, listed)
    folder, _ = train_teachers(
        made.examples, made.encoder, licence, [], teacher, listed, TRAINER, "stop"
    )
    names = [ref.path.name for ref in teacher_refs(folder)]
    assert names == [f"member_{number}" for number in range(11)]


def test_one_that_forbids_distillation_stops_all(project: Path, made: ImageExamples) -> None:
    listed = three_teachers(made, project)
    write_card(project / "mine" / "member_1", "license: llama3")
    listed[1] = {"source": "given", "path": "mine/member_1"}
    with pytest.raises(LicenceError, match="forbids training another model") as info:
        check_licence(*composed(project, listed))
    assert "set teachers.1.licence_acknowledged" in str(info.value)


def test_a_trained_teacher_is_not_given(project: Path) -> None:
    teacher = Teacher(**compose(project)["teacher"])
    assert given_teachers(teacher, []) == ()
