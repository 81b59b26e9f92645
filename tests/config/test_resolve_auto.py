"""`auto` becomes a value that follows from the files on the disk."""

from pathlib import Path
from typing import Any

import pytest
from support.plug_in.install import install, installed

from stillroom.config.compose import compose
from stillroom.config.resolve_auto import _tokenizer_of
from stillroom.errors import ConfigError, user_message
from stillroom.teachers.teacher_registry import REGISTRY

EXPERIMENT = {"groups": {"experiment": "causal_lm"}}


def resolved(project: Path, **values: Any) -> tuple[str, str, str | None]:
    config = compose(project, EXPERIMENT | values)
    return (
        config["teacher"]["source"],
        config["data"]["source"],
        config["data"]["text"]["tokenizer"],
    )


def test_with_empty_folders_the_teacher_is_trained_on_the_embedded_text(project: Path) -> None:
    (project / "data/03_teachers/given").mkdir(parents=True, exist_ok=True)
    (project / "data/01_raw").mkdir(parents=True, exist_ok=True)
    (project / "data/01_raw/.gitkeep").touch()
    assert resolved(project) == ("trained", "topics", None)


@pytest.mark.parametrize("name", ["config.json", "model.gguf"])
def test_a_model_at_the_path_becomes_the_teacher_with_its_tokenizer(
    project: Path, name: str
) -> None:
    folder = project / "models" / "mine"
    folder.mkdir(parents=True)
    (folder / name).touch()
    source, _, tokenizer = resolved(project, teacher={"path": "models/mine"})
    assert (source, tokenizer) == ("given", "models/mine")


def test_a_text_at_the_path_becomes_the_corpus(project: Path) -> None:
    (project / "texts").mkdir()
    (project / "texts" / "a.txt").write_text("x")
    assert resolved(project, data={"path": "texts"})[1] == "corpus"
    assert resolved(project, data={"path": "texts/a.txt"})[1] == "corpus"


def test_a_missing_path_is_not_replaced_by_another(project: Path) -> None:
    values = resolved(project, data={"path": "nowhere"}, teacher={"path": "none"})
    assert values[:2] == ("given", "corpus")


def test_a_named_value_is_not_changed(project: Path) -> None:
    assert resolved(project, teacher={"source": "trained", "path": "none"})[0] == "trained"
    given = resolved(project, data={"source": "topics", "text": {"tokenizer": "t"}})
    assert given[1:] == ("topics", "t")


@pytest.mark.parametrize(
    ("files", "source", "members"),
    [
        ({"config.json": '{"architectures": ["BertModel"]}'}, "given", 1),
        ({"config.json": '{"architectures": ["GPT2LMHeadModel"]}'}, "given", 1),
        ({"config.json": "{}", "modules.json": "[]"}, "sentence", 1),
        ({"config.json": '{"architectures": ["BertForSequenceClassification"]}'}, "given", 1),
        ({"config.json": "not JSON"}, "given", 1),
        ({"model.gguf": ""}, "given", 1),
        ({"model.onnx": ""}, "onnx", 1),
        ({"model.onnx": "", "config.json": "{}"}, "given", 1),
    ],
)
def test_a_sentence_encoder_is_known_by_its_layout_and_others_are_given(
    project: Path, files: dict[str, str], source: str, members: int
) -> None:
    (project / "mine").mkdir()
    for name, content in files.items():
        (project / "mine" / name).write_text(content)
    runtime = {"groups": {"experiment": "text_intents"}, "teacher": {"path": "mine"}}
    config = compose(project, runtime)
    assert (config["teacher"]["source"], config["teacher"]["members"]) == (source, members)
    text = {"encoding": "tokens", "tokenizer": "teacher"}
    student = {"architecture": {"name": "transformer"}}
    config = compose(project, runtime | {"data": {"text": text}, "student": student})
    assert config["data"]["text"]["tokenizer"] == "mine"


ONNX, GIVEN = {"source": "onnx", "licence": "own"}, {"source": "given", "licence": "own"}


@pytest.mark.parametrize(
    ("teacher", "tokenizer"),
    [
        (ONNX | {"path": "mine/net.onnx"}, "mine"),
        (ONNX | {"path": "mine"}, "mine"),
        (GIVEN | {"path": "mine/x.gguf"}, "mine/x.gguf"),
        ({"source": "trained", "path": "mine"}, None),
    ],
)
def test_the_tokenizer_lies_in_the_folder_of_the_teachers_file(
    project: Path, teacher: dict[str, str], tokenizer: str | None
) -> None:
    (project / "mine").mkdir()
    for name in ("net.onnx", "x.gguf"):
        (project / "mine" / name).touch()
    assert _tokenizer_of([teacher], project) == tokenizer
    assert _tokenizer_of([{"source": "trained", "path": "other"}, teacher], project) == tokenizer


def test_a_kind_without_a_path_has_no_tokenizer(tmp_path: Path) -> None:
    install(tmp_path)
    with installed(tmp_path):
        source = next(iter(REGISTRY.plug_ins))
        assert not REGISTRY.load(source).has_path
        assert _tokenizer_of([{"source": source, "path": "data"}], tmp_path) is None


def test_an_unknown_kind_is_refused_by_the_checks(project: Path) -> None:
    teacher = {"source": "gvn", "path": "mine"}
    with pytest.raises(ConfigError, match=r"teacher\.source is gvn"):
        compose(project, EXPERIMENT | {"teacher": teacher})


@pytest.mark.parametrize("source", ["trained", "given"])
def test_a_set_path_without_a_model_is_refused_unless_the_source_says_trained(
    project: Path, source: str
) -> None:
    (project / "mine").mkdir()
    with pytest.raises(ConfigError, match=r"teacher\.path mine is an empty folder.*=trained"):
        compose(project, EXPERIMENT | {"teacher": {"path": "mine"}})
    teacher = {"path": "mine", "source": source}
    assert resolved(project, teacher=teacher)[0] == source


def test_files_that_are_no_model_in_the_folder_for_one_are_an_error(project: Path) -> None:
    (project / "data/03_teachers/given/notes.txt").write_text("x")
    with pytest.raises(ConfigError, match=r"given holds no model \(notes\.txt\)"):
        compose(project, EXPERIMENT)
    (project / "data/03_teachers/given/notes.txt").rename(
        project / "data/03_teachers/given/.gitkeep"
    )
    assert resolved(project)[0] == "trained"


@pytest.mark.parametrize("experiment", ["none", "causal_lm"])
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"teacher": {"path": 5, "source": "auto"}}, "teacher.path is 5; it must be a text."),
        ({"teacher": {"path": None, "source": "auto"}}, "teacher.path is null; it must be a text."),
        ({"teacher": {"path": [1], "source": "auto"}}, "teacher.path is [1]; it must be a text."),
        ({"data": {"path": 5, "source": "auto"}}, "data.path is 5; it must be a text."),
        ({"data": {"path": None, "source": "auto"}}, "data.path is null; it must be a text."),
        ({"data": {"text": {"tokenizer": 5}}}, "data.text.tokenizer is 5; it must be a text"),
        ({"teachers": 5}, "teachers is 5; it must be a list"),
        ({"teachers": "x"}, "teachers is 'x'; it must be a list"),
        ({"teachers": [5]}, "teachers.0 is 5; it must be a section"),
        ({"data": {"path": "~\0"}}, "data.path has the character NUL"),
        ({"teacher": {"path": "a\0b"}}, "teacher.path has the character NUL"),
    ],
)
def test_a_value_of_another_type_is_one_line(
    project: Path, experiment: str, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError) as error:
        compose(project, {"groups": {"experiment": experiment}} | values)
    assert str(error.value).startswith(words)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", ["a" * 5000, "a/" * 5000, f"{'a' * 300}.onnx"])
@pytest.mark.parametrize("section", ["data", "teacher"])
def test_a_path_that_no_file_can_have_is_one_line(project: Path, section: str, path: str) -> None:
    with pytest.raises(OSError, match="File name too long") as error:
        compose(project, EXPERIMENT | {section: {"path": path, "source": "auto"}})
    message = user_message(error.value) or ""
    assert message.startswith(f"File name too long at {str(project)[:40]}")
    assert message.endswith("Correct the path, then run the same command again.")
    assert len(message) < 250


def with_model(project: Path, tokenizer: bool = True) -> Path:
    folder = project / "small"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    if tokenizer:
        (folder / "tokenizer.json").write_text("{}")
    return folder


@pytest.mark.parametrize("configured", [None, "student"])
def test_a_student_that_starts_from_a_model_has_its_tokenizer(
    project: Path, configured: str | None
) -> None:
    with_model(project)
    data = {"source": "topics", "text": {"tokenizer": configured}}
    config = compose(project, EXPERIMENT | {"data": data, "student": {"path": "small"}})
    assert config["student"]["architecture"] == {"name": "pretrained", "options": {}}
    assert config["data"]["text"]["tokenizer"] == "small"
    own = {"data": {"source": "topics", "text": {"tokenizer": "other"}}}
    config = compose(project, EXPERIMENT | own | {"student": {"path": "small"}})
    assert config["data"]["text"]["tokenizer"] == "other"


def test_a_model_of_images_brings_no_tokenizer(project: Path) -> None:
    with_model(project, tokenizer=False)
    config = compose(project, {"student": {"path": "small"}})
    assert config["student"]["architecture"]["name"] == "pretrained"
    assert config["data"]["text"]["tokenizer"] is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"student": {"path": "nowhere"}}, r"student\.path nowhere does not exist"),
        ({"student": {"path": "empty"}}, r"student\.path empty is an empty folder"),
        (
            {"student": {"path": "small", "architecture": {"name": "from_teacher"}}},
            "a student starts from one model. Remove student.path",
        ),
        (
            {"data": {"text": {"tokenizer": "student"}}},
            "tokenizer is student, but student.path is null",
        ),
    ],
)
def test_a_start_that_cannot_be_is_refused_before_anything_runs(
    project: Path, given: dict[str, Any], words: str
) -> None:
    with_model(project)
    (project / "empty").mkdir()
    runtime = EXPERIMENT | given
    with pytest.raises(ConfigError, match=words):
        compose(project, runtime)
