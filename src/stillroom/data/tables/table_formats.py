"""Table formats: the suffixes of files that are tables, and what to do with those that are not."""

from collections.abc import Iterable
from pathlib import Path, PurePath

from stillroom.data.notices import Notice, some
from stillroom.errors import DataError

_TEXTS = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json")
_DOCUMENTS = (".json", ".json.gz")
_ARROW = (".arrow", ".feather")
SUFFIXES = (".parquet", *_TEXTS, *_ARROW, *(f"{suffix}.gz" for suffix in _TEXTS))
# Files that describe other files of the folder. Elsewhere a .json is as often no table.
_DESCRIPTIONS = frozenset(
    {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}
)
_WAYS_OUT = {
    ".xlsx": "save the sheet as CSV",
    ".xls": "save the sheet as CSV",
    ".ods": "save the sheet as CSV",
    ".bz2": "unpack it",
    ".xz": "unpack it",
    ".zst": "unpack it",
    ".zip": "unpack it",
    ".tar": "unpack it",
    ".pkl": "write it as Parquet, with pandas.DataFrame.to_parquet",
    ".pickle": "write it as Parquet, with pandas.DataFrame.to_parquet",
    ".h5": "write it as Parquet",
    ".npy": "write it as Parquet",
    ".npz": "write it as Parquet",
    ".db": "export the table as CSV",
    ".sqlite": "export the table as CSV",
    ".orc": "write it as Parquet",
    ".avro": "write it as Parquet",
}


def table_suffix(path: PurePath) -> str | None:
    """Return the suffix of a table, such as ".csv.gz", or None if it is none."""
    name = path.name.lower()
    if name in _DESCRIPTIONS:
        return None
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)


def tables_of(paths: Iterable[Path]) -> list[Path]:
    """Return the tables among files that have nothing else to read beside them.

    JSON documents are tables only where nothing else is: they often describe the files beside them.
    """
    paths = list(paths)
    return tables_beside_others(paths) or [one for one in paths if table_suffix(one) is not None]


def tables_beside_others(paths: Iterable[Path]) -> list[Path]:
    """Return the tables among files without the JSON documents."""
    return [one for one in paths if table_suffix(one) not in (None, *_DOCUMENTS)]


def unread_documents(parts: Iterable[str]) -> tuple[Notice, ...]:
    """Return a notice of the JSON documents that were left out beside what is read.

    Args:
        parts: the names of the files that were left out.
    """
    documents = [part for part in parts if table_suffix(PurePath(part)) in _DOCUMENTS]
    if not documents:
        return ()
    words = f"JSON documents beside other files are not read: {len(documents):,}"
    way_out = "If they hold rows, write them as JSON Lines."
    return (Notice("left_out", f"{words} ({some(documents)}). {way_out}"),)


def no_table(configured: str, paths: Iterable[PurePath]) -> DataError:
    """Return the error for a path without a table; `paths` are the files that it holds."""
    for path in paths:
        for suffix in reversed(path.suffixes):
            if way_out := _WAYS_OUT.get(suffix.lower()):
                return DataError(
                    f"data.path {configured}: {path.name} cannot be read. Please {way_out}. "
                    f"Allowed: {', '.join(SUFFIXES)}."
                )
    return DataError(f"data.path {configured} holds no table. Allowed: {', '.join(SUFFIXES)}.")
