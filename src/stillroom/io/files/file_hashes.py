"""SHA-256 of the content of files, kept between commands, so that gigabytes are read only once.

    files ──same size, times and inode as when it was read?──> kept hash, else the file is read

The kept hashes are in `.stillroom/file_hashes.json`. That file may be deleted at any time.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from stillroom.errors import DataError
from stillroom.io.files.confined_paths import confined
from stillroom.io.json.json_files import read_json, write_json

if TYPE_CHECKING:
    from stillroom.io.progress import Ticker

KEPT = Path(".stillroom") / "file_hashes.json"
BLOCK = 1 << 20  # bytes that are read at once, one unit of progress
MOST_KEPT = 2**30  # bytes of the kept hashes: those of some five million files
QUIET = 3.0  # seconds before progress is shown
# Within one step of a filesystem's clock, a file can change without a change of its times. The
# coarsest clock in use, that of FAT, has steps of two seconds.
CLOCK_STEP = 2_000_000_000  # nanoseconds
STATE, SHA256 = "state", "sha256"

State: TypeAlias = list[int]


def content_hashes(files: Iterable[Path], root: Path) -> dict[Path, str]:
    """Return the SHA-256 of each file's content, and keep it for the next command.

    Args:
        files: files that exist.
        root: the project's folder.

    Raises:
        ConfigError: `.stillroom` is a link that leads outside of the project.
        OSError: a file cannot be read.
    """
    place = confined(KEPT, root)
    kept = _kept(place)
    paths = sorted(set(files))
    hashes = {path: kept[_key(path)][1] for path in paths if _is_kept(path, kept)}
    unread = [path for path in paths if path not in hashes]
    if unread:
        for path, state, sha256 in _read(unread):
            hashes[path] = sha256
            if _is_settled(path, state):
                kept[_key(path)] = (state, sha256)
        _write(kept, place)
    return hashes


def _key(path: Path) -> str:
    return str(path.absolute())


def _state(path: Path) -> State:
    """Return what changes when a file changes. A program can set the first time, not the second."""
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def _is_kept(path: Path, kept: dict[str, tuple[State, str]]) -> bool:
    return _key(path) in kept and kept[_key(path)][0] == _state(path)


def _is_settled(path: Path, state: State) -> bool:
    """Tell whether any later change of a file, read in this state, would change its times."""
    return state == _state(path) and time.time_ns() - state[2] > CLOCK_STEP


def _kept(place: Path) -> dict[str, tuple[State, str]]:
    """Return the kept states and hashes, by path; {} if there are none that can be read."""
    try:
        content = read_json(place, most=MOST_KEPT)
    except (DataError, OSError):
        return {}
    entries = content.items() if isinstance(content, dict) else ()
    return {
        path: (entry[STATE], entry[SHA256])
        for path, entry in entries
        if isinstance(entry, dict) and {STATE, SHA256} <= entry.keys()
    }


def _write(kept: dict[str, tuple[State, str]], place: Path) -> None:
    """Write the kept hashes of the files that still exist."""
    write_json(
        place,
        {
            path: {STATE: state, SHA256: sha256}
            for path, (state, sha256) in kept.items()
            if Path(path).is_file()
        },
    )


def _read(paths: Sequence[Path]) -> Iterator[tuple[Path, State, str]]:
    """Yield each file with its state before it was read, and the SHA-256 of its content."""
    with _Progress(sum(-(-path.stat().st_size // BLOCK) for path in paths)) as progress:
        for path in paths:
            state, digest = _state(path), hashlib.sha256()
            with path.open("rb") as stream:
                while block := stream.read(BLOCK):
                    digest.update(block)
                    progress.advance()
            yield path, state, digest.hexdigest()


class _Progress(ExitStack):
    """Shows how much is left to read, if it takes longer than `QUIET` seconds."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.left, self.started = blocks, time.monotonic()
        self.ticker: Ticker | None = None

    def advance(self) -> None:
        self.left -= 1
        if self.ticker is not None:
            self.ticker.advance()
        elif time.monotonic() - self.started > QUIET:
            from stillroom.io.progress import ticking

            shown = ticking("read the files of the teachers", max(self.left, 0), "MiB")
            self.ticker = self.enter_context(shown)
