"""`conf/composed.yaml`: the parameters as DVC sees them.

    compose ──> write_composed ──> conf/composed.yaml ──> dvc.yaml's `params:`

DVC decides from this file which stages are out of date. If a stage then ran with other parameters,
DVC's lock file would be wrong, so `require_equal` raises an error.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from stillroom.config.students import STUDENTS
from stillroom.errors import ConfigError
from stillroom.io.files.atomic_file import write_text
from stillroom.io.files.confined_paths import confined
from stillroom.io.files.hashing import sha256_json
from stillroom.io.json.flatten import first_difference

COMPOSED = Path("conf") / "composed.yaml"
LISTED_TEACHERS, FILES = "teachers", "files"
REST = "rest"  # sections without the keys on which stages depend one by one
_HEADER = "# Written by `kedro compose` from params.yaml and conf/hydra. Edit those instead.\n"


def write_composed(
    parameters: Mapping[str, Any],
    root: Path,
    students: Mapping[str, Any] | None = None,
    separate: Collection[str] = (),
) -> Path:
    """Write the parameters for DVC and return the path of the file.

    Args:
        parameters: the parameters of a run for the first student.
        root: the project's folder.
        students: the section `student` of each student, by name, so that a stage of one student
            depends on its section only.
        separate: keys such as `teacher.mode` on which some stages depend alone. A stage that uses
            the others depends on the rest of the section, which may hold keys of a plug-in.
    """
    content = {
        **parameters,
        STUDENTS: dict(students or {}),
        REST: _rest(parameters, separate),
    }
    if LISTED_TEACHERS in parameters:
        content[LISTED_TEACHERS] = _with_files(parameters[LISTED_TEACHERS], root)
    body = yaml.safe_dump(content, sort_keys=True, default_flow_style=False)
    write_text(confined(COMPOSED, root), _HEADER + body)
    return root / COMPOSED


def require_equal(parameters: Mapping[str, Any], root: Path, student: str) -> None:
    """Check that the parameters are those in `conf/composed.yaml`.

    Args:
        parameters: the parameters of the run.
        root: the project's folder.
        student: the name of the run's student.

    Raises:
        ConfigError: the file is missing or differs; the first difference is named.
    """
    path = root / COMPOSED
    if not path.exists():
        raise ConfigError(f"{COMPOSED} does not exist. Run `dvc repro compose` to write it.")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content.pop(REST, None)  # copies of values
    for listed in content.get(LISTED_TEACHERS, []):
        listed.pop(FILES, None)
    own = content.pop(STUDENTS, {}).get(student)
    written = content if own is None else {**content, "student": own}
    differing = first_difference(written, parameters)
    if differing is not None:
        key, in_file, in_run = differing
        raise ConfigError(
            f"{key} is {in_run!r} in this run but {in_file!r} in {COMPOSED}, from which DVC "
            "decided what to run. Set it in params.yaml, then run `dvc repro`."
        )


def _with_files(listed: Sequence[Mapping[str, Any]], root: Path) -> list[dict[str, Any]]:
    """Return the entries of `teachers`, each with a digest of the files at its path.

    DVC cannot take the paths of a list as dependencies, but it sees a digest that changes. The
    digest is of names, sizes and times: to read gigabytes would take too long for each command.
    """
    return [
        {**one, FILES: _listing_digest(root / one["path"])} if one.get("path") else dict(one)
        for one in listed
    ]


def _listing_digest(path: Path) -> str:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stats = [(file, file.stat()) for file in files if file.is_file()]
    return sha256_json(
        [[str(file.relative_to(path)), stat.st_size, stat.st_mtime_ns] for file, stat in stats]
    )


def _rest(parameters: Mapping[str, Any], separate: Collection[str]) -> dict[str, Any]:
    """Return the sections that have separate keys, without these keys."""
    return {
        section: {
            key: value
            for key, value in parameters[section].items()
            if f"{section}.{key}" not in separate
        }
        for section in sorted({key.partition(".")[0] for key in separate})
    }
