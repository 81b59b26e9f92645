"""The start of a model: any other, layers of its teacher, or the seed alone."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.examples.corpus_examples import GPT2, CorpusOnDisk, small_corpus

from stillroom.config.compose import compose
from stillroom.config.schema import Architecture, Student, Teacher
from stillroom.io.files.hashing import sha256_file
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import save_model
from stillroom.teachers.stored_teachers import teacher_refs
from stillroom.training.job import Start
from stillroom.training.model_start import student_start, teacher_start

STUDENT = Student(**compose(Path(__file__).resolve().parents[2])["student"])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    return small_corpus(tmp_path_factory.mktemp("corpus"), count=30)


def a_model(corpus: CorpusOnDisk, folder: Path, seed: int) -> Start:
    save_model(build("transformer", GPT2, corpus.shape, seed), corpus.fitted, folder)
    files = (folder / "model.safetensors", folder / "config.json")
    weights, architecture = map(sha256_file, files)
    return Start(path=str(folder), weights=weights, architecture=architecture)


def test_it_is_the_path_else_the_first_teacher_else_nothing(
    corpus: CorpusOnDisk, tmp_path: Path
) -> None:
    teacher = a_model(corpus, tmp_path / "teachers" / "member_0", seed=1)
    small = a_model(corpus, tmp_path / "small", seed=2)
    ref = teacher_refs(tmp_path / "teachers")[0]
    assert student_start(STUDENT, ref, tmp_path) is None
    assert student_start(replace(STUDENT, path="small"), ref, tmp_path) == small
    layers = Architecture(name="from_teacher", options={"layers": "half"})
    assert student_start(replace(STUDENT, architecture=layers), ref, tmp_path) == teacher


def test_the_name_of_its_model_on_the_hub_goes_with_it(
    corpus: CorpusOnDisk, tmp_path: Path
) -> None:
    a_model(corpus, tmp_path / "teachers" / "member_0", seed=1)
    a_model(corpus, tmp_path / "small", seed=2)
    (ref,) = teacher_refs(tmp_path / "teachers")
    start = student_start(replace(STUDENT, path="small", hub_id="me/small"), ref, tmp_path)
    assert start is not None
    assert start.hub_id == "me/small"


def test_a_fine_tuned_teacher_starts_from_its_path_and_others_from_nothing(
    corpus: CorpusOnDisk, tmp_path: Path
) -> None:
    small = a_model(corpus, tmp_path / "small", seed=2)
    root = Path(__file__).resolve().parents[2]
    groups = {"teacher": "finetuned", "experiment": "causal_lm"}
    path = {"path": str(tmp_path / "small")}
    tuned = Teacher(**compose(root, {"groups": groups, "teacher": path})["teacher"])
    assert teacher_start(tuned, tmp_path / "elsewhere") == small
    assert teacher_start(Teacher(**compose(root)["teacher"]), tmp_path) is None
