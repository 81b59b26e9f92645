"""`conf/composed.yaml`: the parameters as DVC sees them.

    compose ──> write_composed ──> conf/composed.yaml ──> dvc.yaml's `params:`

DVC tells from this file which stages are out of date, so a stage that it runs with other
parameters would leave a lock file that lies. `require_equal` refuses that.
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
        parameters: of a run about the first student.
        root: the project's folder.
        students: the section `student` of each, by name: a stage of one depends on its own alone.
    """
    content = {**parameters, STUDENTS: dict(students or {})}
    body = yaml.safe_dump(content, sort_keys=True, default_flow_style=False)
    write_text(confined(COMPOSED, root), _HEADER + body)
    return root / COMPOSED


def require_equal(parameters: Mapping[str, Any], root: Path, student: str) -> None:
    """Refuse parameters other than those in `conf/composed.yaml`.

    Args:
        parameters: of the run.
        root: the project's folder.
        student: whom the run is about.

    Raises:
        ConfigError: the file is missing or differs; the first difference is named.
    """
    path = root / COMPOSED
    if not path.exists():
        raise ConfigError(f"{COMPOSED} does not exist. Run `dvc repro compose` first.")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    own = content.pop(STUDENTS, {}).get(student)
    written = content if own is None else {**content, "student": own}
    differing = first_difference(written, parameters)
    if differing is not None:
        key, there, here = differing
        raise ConfigError(
            f"{key} is {here!r} here and {there!r} in {COMPOSED}, by which DVC decided what to "
            "run. Edit params.yaml and start again with `dvc repro`."
        )
