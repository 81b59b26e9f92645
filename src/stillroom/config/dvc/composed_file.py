"""`conf/composed.yaml`: the parameters as DVC sees them.

    compose ──> write_composed ──> conf/composed.yaml ──> dvc.yaml's `params:`

DVC decides from this file which stages are out of date. If a stage then ran with other parameters,
DVC's lock file would be wrong, so `require_equal` raises an error.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from stillroom.config.checks.teacher_checks import require_paths
from stillroom.config.dvc.watched_files import (
    digest_outside,
    teacher_digest,
    template_digest,
    tokenizer_digest,
)
from stillroom.config.schema import LISTED
from stillroom.config.students import STUDENTS
from stillroom.config.tokenizer_files import JINJA
from stillroom.errors import ConfigError
from stillroom.io.files.atomic_file import write_text
from stillroom.io.files.confined_paths import confined
from stillroom.io.json.flatten import first_difference
from stillroom.io.yaml_files import read_yaml

COMPOSED = Path("conf") / "composed.yaml"
LISTED_TEACHERS, TEACHER, STUDENT, DATA, TEXT = "teachers", "teacher", "student", "data", "text"
CHAT = "chat"
# The keys of digests, which no run has.
FILES, TOKENIZER_FILES, TEMPLATE_FILE = "files", "tokenizer_files", "template_file"
REST = "rest"  # sections without the keys on which stages depend one by one
_HEADER = "# Written by `kedro compose` from params.yaml and conf/hydra. Edit those instead.\n"


class _Dumper(yaml.SafeDumper):
    """Writes a value that stands in two places twice, so that every key shows its value."""

    def ignore_aliases(self, data: object) -> bool:
        """Return that no value is an alias of another."""
        return True


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

    Raises:
        ConfigError: a teacher of the list does not exist.
    """
    require_paths(parameters.get(LISTED_TEACHERS, []), root)
    content = _with_digests(parameters, root)
    own = {name: _with_start(section, root) for name, section in (students or {}).items()}
    content |= {STUDENTS: own, REST: _rest(content, separate)}
    _add_digest_outside(content[REST].get(TEACHER), root)
    body = yaml.dump(content, Dumper=_Dumper, sort_keys=True, default_flow_style=False)
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
    content = read_yaml(path)
    content.pop(REST, None)  # copies of values
    for listed in content.get(LISTED_TEACHERS, []):
        listed.pop(FILES, None)
    content.get(DATA, {}).get(TEXT, {}).pop(TOKENIZER_FILES, None)
    content.get(DATA, {}).get(CHAT, {}).pop(TEMPLATE_FILE, None)
    own = content.pop(STUDENTS, {}).get(student)
    for section in (own, content.get(STUDENT)):
        if section is not None:
            section.pop(FILES, None)
    written = content if own is None else {**content, STUDENT: own}
    differing = first_difference(written, parameters)
    if differing is not None:
        key, in_file, in_run = differing
        raise ConfigError(
            f"{key} is {in_run!r} in this run but {in_file!r} in {COMPOSED}, from which DVC "
            "decided what to run. Set it in params.yaml, then run `dvc repro`."
        )


def _with_digests(parameters: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Return the parameters with digests of the files of the tokenizer and of listed teachers."""
    content = dict(parameters)
    if LISTED_TEACHERS in content:
        content[LISTED_TEACHERS] = [_with_files(one, root) for one in content[LISTED_TEACHERS]]
    if STUDENT in content:
        content[STUDENT] = _with_start(content[STUDENT], root)
    text = content.get(DATA, {}).get(TEXT, {})
    if text.get("tokenizer"):
        digest = tokenizer_digest(text["tokenizer"], root)
        content[DATA] = content[DATA] | {TEXT: text | {TOKENIZER_FILES: digest}}
    chat = content.get(DATA, {}).get(CHAT, {})
    if str(chat.get("template")).endswith(JINJA):
        digest = template_digest(chat["template"], root)
        content[DATA] = content[DATA] | {CHAT: chat | {TEMPLATE_FILE: digest}}
    return content


def _with_files(listed: Mapping[str, Any], root: Path) -> dict[str, Any]:
    digest = teacher_digest(listed, root)
    return dict(listed) if digest is None else {**listed, FILES: digest}


def _with_start(student: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Return the section of a student, with the digest of the model that it starts from."""
    if student.get("path") is None:
        return dict(student)
    start = {"source": "given", "path": student["path"], "licence": student.get("licence")}
    return {**student, FILES: teacher_digest(start, root)}


def _add_digest_outside(teacher: dict[str, Any] | None, root: Path) -> None:
    """Add the digest of the files beside `teacher.path`, of which DVC watches that path only."""
    if teacher is None or teacher.get("source", LISTED) == LISTED:
        return
    digest = digest_outside(teacher, root)
    if digest is not None:
        teacher[FILES] = digest


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
