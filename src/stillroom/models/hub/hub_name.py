"""Names on the Hub: what a user types in, a repository and a revision out.

owner/name@revision ──> HubName("owner/name", "revision")
"""

import re
from dataclasses import dataclass

from stillroom.config.schema.field_types import OWNER_NAME
from stillroom.errors import ConfigError

LATEST = "main"  # the branch that every repository has
REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]{0,199}")
COMMIT = re.compile(r"[0-9a-f]{40}")
ADDRESS = re.compile(r"https?://[^/]+/")
SHOWN = 100  # characters of a text that an error repeats


@dataclass(frozen=True, slots=True)
class HubName:
    """A model on the Hub.

    Attributes:
        repository: owner/name.
        revision: a commit, a tag or a branch.
    """

    repository: str
    revision: str

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a whole commit, which cannot come to mean another one."""
        return COMMIT.fullmatch(self.revision) is not None

    @property
    def folder(self) -> str:
        """The name of the folder of the model: owner--name."""
        return self.repository.replace("/", "--")


def hub_name(text: str, *, latest: bool) -> HubName:
    """Return the name that a user typed.

    Args:
        text: owner/name@revision; without @revision only if `latest`.
        latest: take the newest commit of the branch main.

    Raises:
        ConfigError: it is no such name, or has no revision, or has one although `latest`.
    """
    repository, at, revision = text.partition("@")
    if re.fullmatch(OWNER_NAME, repository) is None:
        without = ADDRESS.sub("", text).removeprefix("models/")
        raise ConfigError(
            f"{text[:SHOWN]} is not the name of a model on the Hub. Write owner/name@revision, as "
            f"in {_example(without)}."
        )
    if latest and at:
        raise ConfigError(f"{text[:SHOWN]} names a revision, and --latest another. Leave one out.")
    if latest:
        return HubName(repository, LATEST)
    if not at:
        raise ConfigError(
            f"{repository} names no revision, so the same command could fetch other weights "
            f"tomorrow. Write {repository}@<commit>, or add --latest, which prints the commit."
        )
    if REVISION.fullmatch(revision) is None or ".." in revision:
        raise ConfigError(
            f"{revision[:SHOWN]!r} is not a revision. Write a commit, a tag or a branch after the "
            f"@, as in {repository}@{LATEST}."
        )
    return HubName(repository, revision)


def _example(text: str) -> str:
    """Return a name in the right form, from what was typed if that is possible."""
    words = text.split("@")[0].split("/")
    typed = "/".join(words[:2])
    is_name = re.fullmatch(OWNER_NAME, typed) is not None
    return f"{typed if is_name else 'owner/name'}@{LATEST}"
