"""Names: what is a model with a revision, and what the error says of the rest."""

import pytest

from stillroom.errors import ConfigError
from stillroom.models.hub.hub_name import HubName, hub_name

PIN = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "latest", "expected", "pinned"),
    [
        (f"owner/name@{PIN}", False, HubName("owner/name", PIN), True),
        ("owner/name@v1.0", False, HubName("owner/name", "v1.0"), False),
        ("o-1/n.2_x@refs/pr/3", False, HubName("o-1/n.2_x", "refs/pr/3"), False),
        ("owner/name", True, HubName("owner/name", "main"), False),
        (f"owner/name@{PIN[:12]}", False, HubName("owner/name", PIN[:12]), False),
    ],
)
def test_a_name_with_a_revision_or_with_latest(
    text: str, latest: bool, expected: HubName, pinned: bool
) -> None:
    name = hub_name(text, latest=latest)
    assert (name, name.is_pinned) == (expected, pinned)


def test_the_folder_has_the_owner_and_the_name() -> None:
    assert hub_name("owner/name@main", latest=False).folder == "owner--name"


@pytest.mark.parametrize(
    ("text", "latest", "message"),
    [
        ("owner/name", False, "names no revision"),
        ("owner/name@", False, "'' is not a revision"),
        ("owner/name@v1", True, "names a revision, and --latest another"),
        ("gpt2@main", False, "Write owner/name@revision, as in owner/name@main."),
        ("https://huggingface.co/a/b", False, "as in a/b@main."),
        ("https://huggingface.co/a/b/tree/main", False, "as in a/b@main."),
        ("../../etc@main", False, "is not the name of a model"),
        ("owner/../name@main", False, "is not the name of a model"),
        ("owner/name@../x", False, "is not a revision"),
        ("owner/name@a b", False, "is not a revision"),
        ("owner/name@-x", False, "is not a revision"),
        ("x" * 5000, False, "is not the name of a model"),
    ],
)
def test_another_text_is_refused_in_one_line(text: str, latest: bool, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")) as refused:
        hub_name(text, latest=latest)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400
