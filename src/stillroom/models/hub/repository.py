"""Repositories: a name on the Hub in, its commit and its files with their hashes out.

    HubName ──GET /api/models/owner/name/revision/…──> Repository(commit, files)

The Hub hashes a large file by SHA-256, and a small one as Git does. Each file needs one of them.
"""

import re
from dataclasses import dataclass
from typing import Any

from stillroom.errors import HubError
from stillroom.models.hub.hub_errors import one_line_hub_errors
from stillroom.models.hub.hub_name import COMMIT, HubName
from stillroom.models.hub.hub_session import Hub

TIMEOUT_S = 30.0
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryFile:
    """A file on the Hub.

    Attributes:
        name: its path in the repository.
        size: bytes; None where the Hub does not say it.
        sha256: of a large file; None for the others.
        git_sha1: of a small one, as Git hashes a blob; None where the Hub does not say it.
    """

    name: str
    size: int | None
    sha256: str | None
    git_sha1: str | None

    @property
    def bytes(self) -> int:
        """Its size; 0 where the Hub does not say it."""
        return self.size or 0

    @property
    def hash(self) -> str:
        """The kind of its hash, and the hash."""
        return f"sha256:{self.sha256}" if self.sha256 else f"git-sha1:{self.git_sha1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """One commit of a model.

    Attributes:
        name: owner/name as the Hub writes it, and the revision that the user named.
        commit: 40 hexadecimal digits.
        files: all its files, sorted by name.
    """

    name: HubName
    commit: str
    files: tuple[RepositoryFile, ...]

    @property
    def pin(self) -> str:
        """The name with the commit."""
        return f"{self.name.repository}@{self.commit}"


def read_repository(hub: Hub, name: HubName) -> Repository:
    """Ask the Hub for the commit of a revision, and for the files of it.

    Raises:
        HubError: there is no such model or revision, nobody may read it, the Hub cannot be
            reached, or it answers with something else.
    """
    from huggingface_hub import HfApi

    api = HfApi(endpoint=hub.endpoint, token=hub.token or False, headers=hub.headers())
    try:
        with one_line_hub_errors(hub, name):
            info = api.model_info(
                name.repository,
                revision=name.revision,
                files_metadata=True,
                timeout=TIMEOUT_S,
            )
    except (ValueError, TypeError, KeyError, AttributeError):  # not JSON, or not of this form
        raise _strange(hub) from None
    commit = str(info.sha)
    if COMMIT.fullmatch(commit) is None or (name.is_pinned and commit != name.revision):
        raise _strange(hub)
    files = sorted((_file(one) for one in info.siblings or ()), key=lambda one: one.name)
    if len({file.name for file in files}) < len(files):
        raise _strange(hub)
    return Repository(name=name, commit=commit, files=tuple(files))


def _file(sibling: Any) -> RepositoryFile:
    lfs = sibling.lfs
    sha256 = str(lfs.sha256) if lfs is not None else None
    blob, size = sibling.blob_id, sibling.size if lfs is None else lfs.size
    is_size = isinstance(size, int) and size >= 0
    return RepositoryFile(
        name=str(sibling.rfilename),
        size=size if is_size else None,
        sha256=sha256 if sha256 and SHA256.fullmatch(sha256) else None,
        git_sha1=blob if isinstance(blob, str) and COMMIT.fullmatch(blob) else None,
    )


def _strange(hub: Hub) -> HubError:
    return HubError(
        f"{hub.host} does not answer as the Hub does. A proxy or a page for signing in may be in "
        "the way. Open the page of the model in a browser, then run the same command again."
    )
