"""Checks of the teachers: kinds, options and abilities, before anything runs."""

from pathlib import Path
from typing import Any

import pytest

from stillroom.config.compose import compose
from stillroom.errors import ConfigError


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"path": "a"}, r"teachers\.0\.source is missing"),
        ({"source": "given"}, r"teachers\.0\.path is missing"),
        ({"source": "trained"}, "but the list names teachers that exist"),
        ({"source": "gven", "path": "a"}, r"teachers\.0\.source is gven.*Did you mean given"),
        ({"source": "given", "path": "a", "epochs": 3}, r"teachers\.0\.epochs is not a parameter"),
        ({"source": "given", "path": 3}, r"teachers\.0\.path is 3; it must be a text"),
        ({"source": "onnx", "path": "a", "classes": "b"}, r"teachers\.0\.classes is 'b'"),
    ],
)
def test_an_entry_that_cannot_be_used_is_refused(
    project: Path, entry: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        compose(project, {"teachers": [entry]})


def test_listed_without_a_list_is_refused(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"teacher\.source is listed, but teachers is empty"):
        compose(project, {"teacher": {"source": "listed"}})


def test_a_weight_for_each_listed_teacher(project: Path) -> None:
    listed = [{"source": "given", "path": "a"}, {"source": "given", "path": "b"}]
    with pytest.raises(ConfigError, match=r"softlabels\.weights has 3 values"):
        compose(project, {"teachers": listed, "softlabels": {"weights": [1.0, 2.0, 3.0]}})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"teacher": {"mode": "live"}}, r"teacher\.mode is live"),
        ({"evaluate": {"full_logits": True}}, r"evaluate\.full_logits is true"),
        ({"softlabels": {"features": "pooled"}}, r"softlabels\.features is pooled"),
        ({"groups": {"student": "from_teacher"}}, r"student\.architecture\.name is from_teacher"),
        ({"teacher": {"members": 2}}, r"teacher\.members is 2, but teacher\.path holds one"),
        ({"teacher": {"clases": ["a"]}}, r"teacher\.clases is not a parameter.*teacher\.classes"),
    ],
)
def test_what_an_onnx_file_cannot_do_is_refused(
    project: Path, changes: dict[str, Any], words: str
) -> None:
    groups = {"teacher": "onnx"} | changes.get("groups", {})
    with pytest.raises(ConfigError, match=words):
        compose(project, changes | {"groups": groups})


def test_a_list_takes_the_place_of_the_one_teacher(project: Path) -> None:
    listed = [{"source": "given", "path": "a"}, {"source": "onnx", "path": "b", "classes": ["x"]}]
    parameters = compose(project, {"teachers": listed})
    assert (parameters["teacher"]["source"], parameters["teacher"]["members"]) == ("listed", 2)
    assert parameters["teachers"] == listed
