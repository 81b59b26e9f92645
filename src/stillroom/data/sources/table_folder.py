"""Table folders: data.path in, the tables that are read out, and what is left out.

data.path ──> its tables, and those in its folders that are called after a split
          ──> or, if there are none, all tables in its folders
"""

from dataclasses import dataclass
from pathlib import Path, PurePath

from stillroom.config.schema.data_schema import Data
from stillroom.data.files.input_folder import InputFolder
from stillroom.data.notices import Notice, some
from stillroom.data.sources.split_files import split_in_name
from stillroom.data.tables.table_formats import no_table, table_suffix, tables_of, unread_documents
from stillroom.errors import DataError


@dataclass(frozen=True, slots=True)
class TablePaths:
    """The tables of a data set, in the order of their names.

    Attributes:
        files: their paths.
        parts: their names, relative to data.path.
        others: the files that are no tables.
        notices: which tables, and which hidden files, are left out.
    """

    files: tuple[Path, ...]
    parts: tuple[str, ...]
    others: tuple[Path, ...] = ()
    notices: tuple[Notice, ...] = ()


def table_paths(path: Path, data: Data) -> TablePaths:
    """Return the tables at `path`, a file or a folder.

    Raises:
        DataError: there is no table, or a link leads out of the folder.
    """
    if not path.exists():
        raise DataError(
            f"data.path {data.path} does not exist. Set it to a file of rows, such as .csv, .jsonl "
            "or .parquet, or to a folder of such files."
        )
    if not path.is_dir():
        if table_suffix(path) is None:
            raise no_table(data.path, [path])
        return TablePaths((path,), (path.name,))
    folder = InputFolder(path, data.follow_links)
    inside = folder.files()
    tables = tables_of(inside)
    if not tables:
        raise no_table(data.path, inside)
    parts = {one: one.relative_to(path).as_posix() for one in inside}
    near = [table for table in tables if _is_near(parts[table])]
    chosen = near or tables
    return TablePaths(
        files=tuple(chosen),
        parts=tuple(parts[table] for table in chosen),
        others=tuple(one for one in inside if table_suffix(one) is None),
        notices=(
            *_left_out([parts[table] for table in tables if table not in set(chosen)]),
            *unread_documents(parts[one] for one in inside if one not in set(tables)),
            *folder.notices(),
        ),
    )


def _is_near(part: str) -> bool:
    folders = PurePath(part).parts[:-1]
    return not folders or split_in_name(folders[0]) is not None


def _left_out(parts: list[str]) -> tuple[Notice, ...]:
    if not parts:
        return ()
    words = f"{len(parts)} tables in folders below are not read: {some(parts)}"
    way_out = "Move them up, or into a folder that is called after a split."
    return (Notice("left_out", f"{words}. {way_out}"),)
