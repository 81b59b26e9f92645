"""Fetch a model: the files of a repository in, a folder in the project out.

    Repository ──documents──> .stillroom/unfinished/fetch-owner--name/<commit>
               ──the rest───> the same folder ──record, rename──> models/owner--name

The folder appears when all of it is there. What a kill leaves is in `.stillroom`, by commit, and
the same command goes on with it.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stillroom.config.model_files import is_empty
from stillroom.errors import HubError, ModelError, StillroomError
from stillroom.io.byte_sizes import size_text
from stillroom.io.files.atomic_folder import publish
from stillroom.io.files.locking import locked
from stillroom.io.files.workspace import lock_of, unfinished
from stillroom.io.progress import ticking
from stillroom.models.hub.download_file import KILOBYTE, Progress, bytes_there, download_file
from stillroom.models.hub.fetch_record import FetchRecord, changed_file, read_record, write_record
from stillroom.models.hub.hub_name import HubName
from stillroom.models.hub.hub_session import Hub
from stillroom.models.hub.repository import Repository, RepositoryFile

RESERVE = 10**8  # bytes of the disk that a fetch leaves free
OTHER_FOLDER = "Set another folder with --to, or remove this one first"


def is_there(target: Path, repository: str, commit: str) -> bool:
    """Tell whether a folder holds this commit, every file with the hash that the Hub has.

    Raises:
        ModelError: the folder holds something else.
        DataError: its record is not JSON.
    """
    if not target.exists() or is_empty(target):
        return False
    record = read_record(target) if target.is_dir() else None
    if record is None:
        raise ModelError(f"{target} exists, and was not fetched. {OTHER_FOLDER}.")
    if (record.repository, record.commit) != (repository, commit):
        raise ModelError(
            f"{target} holds {record.repository}@{record.commit}, not {repository}@{commit}. "
            f"{OTHER_FOLDER}."
        )
    changed = changed_file(target, record)
    if changed is not None:
        raise ModelError(f"{target / changed} is not as it was fetched. {OTHER_FOLDER}.")
    return True


@contextmanager
def unfinished_fetch(root: Path, name: HubName, commit: str) -> Iterator[Path]:
    """Yield the folder where a commit of a model is put together, which a kill leaves as it is.

    Raises:
        HubError: another process fetches this model.
    """
    kept = unfinished(root, f"fetch-{name.folder}")
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(lock_of(kept), patience_s=0))
        except StillroomError:
            raise HubError(
                f"Another command fetches {name.repository} in this project. Wait until it ends, "
                "or end it."
            ) from None
        folder = kept / commit
        folder.mkdir(parents=True, exist_ok=True)
        for other in kept.iterdir():
            if other != folder:
                shutil.rmtree(other)  # the branch has moved on since
        yield folder


def download(
    hub: Hub, repository: Repository, files: tuple[RepositoryFile, ...], folder: Path
) -> None:
    """Fetch files into a folder, or what is missing of them.

    Raises:
        HubError: there is no room for them, or the Hub does not give one.
        OSError: one cannot be written.
    """
    missing = sum(file.bytes - bytes_there(file, folder) for file in files)
    free = shutil.disk_usage(folder).free
    if missing + RESERVE > free:
        raise HubError(
            f"{size_text(missing)} are missing, and the disk with {folder} has {size_text(free)} "
            f"free, of which {size_text(RESERVE)} stay free. Free some space, then run the same "
            "command again."
        )
    label = repository.name.repository
    with ticking(label, -(-missing // KILOBYTE), "kB") as ticker:
        progress = Progress(ticker)
        for file in files:
            download_file(hub, repository, file, folder, progress)


def publish_model(
    repository: Repository, files: tuple[RepositoryFile, ...], folder: Path, target: Path
) -> None:
    """Put a complete folder at its place, with its record.

    Raises:
        OSError: it cannot be moved there.
    """
    kept = folder.parent
    record = FetchRecord(
        repository=repository.name.repository,
        commit=repository.commit,
        files={file.name: file.hash for file in files},
    )
    write_record(folder, record)
    publish(folder, target)
    shutil.rmtree(kept, ignore_errors=True)
