"""One file: a name on the Hub in, a file on the disk with the Hub's hash out, and nothing else.

    GET …/resolve/<commit>/<name>, from the bytes that are there ──> <name>.partial
    <name>.partial ──size, hash of what is on the disk──> fsync ──rename──> <name>

A kill at any moment keeps the bytes that have arrived. Content decides, not a header: a server that
ignores the range, or that sends other bytes than the Hub listed, is found out by the hash.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.errors import HubError
from stillroom.io.files.atomic_file import TEMPORARY_SUFFIX, sync
from stillroom.io.progress import Ticker
from stillroom.models.hub.file_hash import has_hash
from stillroom.models.hub.hub_errors import is_transient, one_line_hub_errors
from stillroom.models.hub.hub_session import Hub
from stillroom.models.hub.repository import TIMEOUT_S, Repository, RepositoryFile

if TYPE_CHECKING:
    from httpx2 import Response

CHUNK = 1 << 16
KILOBYTE = 1000
MOST_FAILURES = 5  # in a row, without one new byte
FIRST_WAIT_S = 1.0  # before another try; each wait is twice as long as the one before


@dataclass(slots=True)
class Progress:
    """Bytes that have arrived, shown in kB.

    Attributes:
        ticker: shows them.
        bytes: how many there are.
    """

    ticker: Ticker
    bytes: int = 0

    def arrived(self, count: int, name: str) -> None:
        """Count bytes of a file."""
        self.bytes += count
        self.ticker.advance(self.bytes // KILOBYTE - self.ticker.done, name)

    def lost(self, count: int) -> None:
        """Add bytes to the total that have to come a second time."""
        self.ticker.total += -(-count // KILOBYTE)


def bytes_there(file: RepositoryFile, folder: Path) -> int:
    """Return how many bytes of a file an earlier command has left in a folder."""
    for path in (folder / file.name, _partial(file, folder)):
        if path.is_file():
            return min(path.stat().st_size, file.bytes)
    return 0


def download_file(
    hub: Hub, repository: Repository, file: RepositoryFile, folder: Path, progress: Progress
) -> None:
    """Fetch a file, or the rest of it, into a folder; check it; give it its name.

    Raises:
        HubError: the Hub does not give it, or gives other bytes than it lists.
        OSError: it cannot be written.
    """
    target, partial = folder / file.name, _partial(file, folder)
    if target.is_file():
        return  # it got its name after it was checked
    target.parent.mkdir(parents=True, exist_ok=True)
    resumed = partial.is_file()
    partial.touch()
    with one_line_hub_errors(hub, repository.name):
        _receive(hub, repository, file, partial, progress)
        if resumed and not has_hash(partial, file.hash):
            progress.lost(file.bytes)
            partial.write_bytes(b"")
            _receive(hub, repository, file, partial, progress)
    if not has_hash(partial, file.hash):
        partial.unlink()
        raise HubError(
            f"{file.name} came from {hub.host} with other content than it lists ({file.hash}). It "
            "was removed. Run the same command again; if it happens again, something on the way "
            "changes the files."
        )
    with _named(target):
        sync(partial)
        partial.replace(target)
        sync(target.parent)


def _receive(
    hub: Hub, repository: Repository, file: RepositoryFile, partial: Path, progress: Progress
) -> None:
    """Append to a partial file until it has its size."""
    if partial.stat().st_size > file.bytes:
        partial.write_bytes(b"")
    failures = 0
    while (there := partial.stat().st_size) < file.bytes:
        try:
            _append(hub, repository, file, partial, progress)
        except Exception as error:
            failures = failures + 1 if partial.stat().st_size <= there else 1
            if not is_transient(error) or failures > MOST_FAILURES:
                raise
        else:
            failures = failures + 1 if partial.stat().st_size <= there else 0
            if failures > MOST_FAILURES:
                raise HubError(f"{hub.host} sends nothing of {file.name}. Try it again later.")
        if failures:
            progress.arrived(0, f"{file.name}: waits for {hub.host}")
            time.sleep(FIRST_WAIT_S * 2 ** (failures - 1))


def _append(
    hub: Hub, repository: Repository, file: RepositoryFile, partial: Path, progress: Progress
) -> None:
    """Send one request, and append what it brings."""
    from huggingface_hub import get_session, hf_hub_url, hf_raise_for_status

    there = partial.stat().st_size
    name = repository.name.repository
    url = hf_hub_url(name, file.name, revision=repository.commit, endpoint=hub.endpoint)
    # Compressed bytes could not be counted against the size, nor continued in the middle.
    headers = hub.headers() | {"Accept-Encoding": "identity"}
    if there:
        headers["Range"] = f"bytes={there}-"
    with get_session().stream("GET", url, headers=headers, timeout=TIMEOUT_S) as response:
        hf_raise_for_status(response)
        start = _first_byte(response)
        if start not in (0, there):
            raise HubError(f"{hub.host} sends another part of {file.name} than was asked for.")
        if start < there:
            progress.lost(there)
        with _named(partial), partial.open("r+b") as stream:
            stream.truncate(start)
            stream.seek(start)
            for chunk in response.iter_bytes(CHUNK):
                if stream.tell() + len(chunk) > file.bytes:
                    raise HubError(
                        f"{hub.host} sends more than the {file.bytes:,} bytes of {file.name} that "
                        "it lists. Fetch another revision."
                    )
                stream.write(chunk)
                progress.arrived(len(chunk), file.name)


def _first_byte(response: "Response") -> int:
    """Return where in the file a response begins."""
    if response.status_code != 206:
        return 0
    content_range = response.headers.get("Content-Range", "")
    first = content_range.removeprefix("bytes ").partition("-")[0]
    return int(first) if first.isascii() and first.isdigit() else -1


def _partial(file: RepositoryFile, folder: Path) -> Path:
    return folder / f"{file.name}{TEMPORARY_SUFFIX}"


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Put the name of a file into an error of the disk, which only knows a number."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise
