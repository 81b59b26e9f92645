"""`conf/composed.yaml`: the parameters as DVC sees them.

    compose ──> write_composed ──> conf/composed.yaml ──> dvc.yaml's `params:`

DVC decides from this file which stages are out of date. If a stage then ran with other parameters,
DVC's lock file would be wrong, so `require_equal` raises an error.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from stillroom.config.students import STUDENTS
from stillroom.errors import ConfigError
from stillroom.io.files.atomic import write_text
from stillroom.io.files.paths import confined
from stillroom.io.json.flatten import first_difference

COMPOSED = Path("conf") / "composed.yaml"
_HEADER = "# Written by `kedro compose` from params.yaml and conf/hydra. Edit those instead.\n"


def write_composed(
    parameters: Mapping[str, Any], root: Path, students: Mapping[str, Any] | None = None
) -> Path:
    """Write the parameters for DVC and return the path of the file.

    Args:
        parameters: the parameters of a run for the first student.
        root: the project's folder.
        students: the section `student` of each student, by name, so that a stage of one student
            depends on its section only.
    """
    content = {**parameters, STUDENTS: dict(students or {})}
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
    own = content.pop(STUDENTS, {}).get(student)
    written = content if own is None else {**content, "student": own}
    differing = first_difference(written, parameters)
    if differing is not None:
        key, in_file, in_run = differing
        raise ConfigError(
            f"{key} is {in_run!r} in this run but {in_file!r} in {COMPOSED}, from which DVC "
            "decided what to run. Set it in params.yaml, then run `dvc repro`."
        )
