"""`~` at the beginning of a path is the folder of a user, wherever a path is configured."""

from pathlib import Path
from typing import Any

import pytest

from stillroom.config.user_paths import expand_user_paths
from stillroom.errors import ConfigError


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere/me")


def expanded(path: Any) -> list[Any]:
    parameters = {
        "data": {"path": path, "text": {"tokenizer": path, "length": 8}, "source": "auto"},
        "teacher": {"path": path, "members": 2},
        "student": {"path": path},
        "teachers": [{"path": path, "source": "given"}, {"source": "endpoint"}],
        "seed": 1,
    }
    result = expand_user_paths(parameters)
    assert parameters["data"]["path"] == path  # the argument is not changed
    assert result["seed"] == 1
    assert result["data"]["source"] == "auto"
    assert result["teachers"][1] == {"source": "endpoint"}
    data = result["data"]
    return [
        data["path"],
        data["text"]["tokenizer"],
        result["teacher"]["path"],
        result["student"]["path"],
        result["teachers"][0]["path"],
    ]


@pytest.mark.parametrize(
    ("path", "full"),
    [
        ("~/texts", "/somewhere/me/texts"),
        ("~", "/somewhere/me"),
        ("~root/texts", str(Path("~root").expanduser() / "texts")),
        ("a/~/b", "a/~/b"),
        ("./~x", "./~x"),
        ("/a/b~", "/a/b~"),
        (None, None),
        (3, 3),
    ],
)
def test_the_folder_of_a_user_is_put_in_place(path: Any, full: Any) -> None:
    assert expanded(path) == [full] * 5


def test_an_unknown_user_is_one_error() -> None:
    with pytest.raises(
        ConfigError, match=r"data\.path is ~no-such-user/x, but ~no-such-user is no"
    ):
        expanded("~no-such-user/x")


def test_sections_without_these_keys_are_left_alone() -> None:
    assert expand_user_paths({"data": {}, "teacher": {}, "student": {}})["data"] == {}
