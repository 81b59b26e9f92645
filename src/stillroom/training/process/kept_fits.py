"""Kept fits: finished models and their curves, under the hash of all that they depend on.

    key, model directory, records ──keep──> <store>/fits/<key>/{fit.json, model/}
    key ──take──> the same model directory in a new folder, and the records

They lie beside the store of soft labels, because DVC removes a stage's results before the stage
runs. The copy of each file is hashed before it is used. `kedro softlabels gc` removes old fits.
"""

import logging
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic.dataclasses import dataclass as document

from stillroom.config.schema import plain_values
from stillroom.errors import DataError
from stillroom.io.files.atomic_file import TEMPORARY_SUFFIX, sync
from stillroom.io.files.hashing import sha256_file, sha256_json
from stillroom.io.files.locking import locked
from stillroom.io.files.reflink import clone
from stillroom.io.json.json_files import read_json, write_json
from stillroom.io.json.validated_json import CLOSED, checked
from stillroom.softlabels.store.gc import SECONDS_PER_DAY, Waste
from stillroom.softlabels.store.store import Store

FOLDER, LOCK = "fits", "lock"
FIT, MODEL = "fit.json", "model"
WEIGHTS = "*.safetensors"
WHY = "a trained teacher that data/03_teachers does not hold"

_LOG = logging.getLogger(__name__)


@document(frozen=True, kw_only=True, config=CLOSED)
class KeptFit:
    """The document of a kept fit.

    Attributes:
        key: the key under which it lies.
        records: the learning curve.
        files: the SHA-256 of each file of the model, by its name.
        checksum: SHA-256 over the other values.
    """

    key: str
    records: list[Any]
    files: dict[str, str]
    checksum: str

    @classmethod
    def of(cls, key: str, records: list[Any], model: Path) -> "KeptFit":
        """Describe a model directory."""
        files = {path.relative_to(model).as_posix(): sha256_file(path) for path in _files(model)}
        checksum = sha256_json([key, records, files])
        return cls(key=key, records=records, files=files, checksum=checksum)


@dataclass(frozen=True, slots=True)
class KeptFits:
    """The kept fits of a store. Several processes may use them at the same time."""

    folder: Path

    @classmethod
    def beside(cls, store: Store) -> "KeptFits":
        """Return the kept fits that lie beside a store of soft labels."""
        return cls(store.folder / FOLDER)

    def take(self, key: str, target: Path) -> list[Any] | None:
        """Write a kept model to a new folder and return its curve; None if there is none.

        A fit that is damaged is removed, and the log names it.

        Raises:
            OSError: the new folder cannot be written.
        """
        place = self.folder / key
        try:
            kept = checked(KeptFit, read_json(place / FIT), FIT, "teachers")
            _clone_all(place / MODEL, target)
            # The copy is hashed, not the original: it is what the stage publishes.
            if KeptFit.of(key, kept.records, target) != kept:
                raise DataError("a file has another hash than when it was kept")
            os.utime(place / FIT)  # `unused` reads it
        except (DataError, FileNotFoundError, NotADirectoryError) as error:
            shutil.rmtree(target, ignore_errors=True)
            if (place / FIT).is_file():
                _LOG.warning("The kept model %s is damaged, and is removed: %s", place, error)
                shutil.rmtree(place, ignore_errors=True)
            return None
        return kept.records

    def keep(self, key: str, model: Path, records: list[Any]) -> None:
        """Keep a model directory under its key, unless one is there.

        Raises:
            OSError: it cannot be written.
        """
        with locked(self.folder / LOCK):
            for left in self.folder.glob(f".*{TEMPORARY_SUFFIX}"):
                shutil.rmtree(left, ignore_errors=True)
            if (self.folder / key).exists():
                return
            partial = self.folder / f".{key}.{uuid4().hex}{TEMPORARY_SUFFIX}"
            _clone_all(model, partial / MODEL)
            write_json(partial / FIT, plain_values(KeptFit.of(key, records, partial / MODEL)))
            sync(partial / MODEL)
            partial.rename(self.folder / key)
            sync(self.folder)

    def unused(self, models: Path, keep_days: float) -> list[Waste]:
        """Return the fits that no run took for `keep_days` days, except those in `models`.

        Args:
            models: a folder of model directories that are in use.
            keep_days: a number of days.
        """
        used = {sha256_file(path) for path in models.glob(f"*/{WEIGHTS}")}
        unused = []
        for file in sorted(self.folder.glob(f"*/{FIT}")):
            with suppress(FileNotFoundError):  # another gc is removing it
                days = (time.time() - file.stat().st_mtime) / SECONDS_PER_DAY
                weights = {sha256_file(path) for path in (file.parent / MODEL).glob(WEIGHTS)}
                if days >= keep_days and not weights & used:
                    size = sum(path.stat().st_size for path in _files(file.parent))
                    unused.append(Waste(file.parent, size, 0, WHY))
        return unused


def _clone_all(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for path in _files(source):
        clone(path, target / path.relative_to(source))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
