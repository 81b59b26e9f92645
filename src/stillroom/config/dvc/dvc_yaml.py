"""Write dvc.yaml, DVC's stages, from the pipeline registry and the catalog.

    pipelines + catalog ──dvc_yaml──> text of dvc.yaml

A stage depends on the files that it reads, on its parameters, which are the inputs of its nodes,
and on the digest of its code: all modules that it can import from those of `stage_modules`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from kedro.pipeline import Pipeline

from stillroom.config.code_digest.unchanged_code import CODE
from stillroom.config.dvc.composed_file import COMPOSED, REST
from stillroom.config.schema import SECTIONS
from stillroom.config.schema.plain_values import AFTERWARDS
from stillroom.config.students import STUDENTS
from stillroom.errors import ConfigError
from stillroom.io.files.atomic_file import write_text
from stillroom.io.files.confined_paths import confined

FILE = "dvc.yaml"
PACKAGE = "stillroom"
_HEADER = (
    "# Written by `kedro dvc` from the pipeline registry and the catalog. Edit those instead.\n"
)
_PARAMETERS = "params:"
_STUDENT = "${student:}"  # in the catalog: the name of the student that a run is about

# Paths that the user sets and that may be outside of the project. DVC reads them from params.yaml,
# so `dvc exp run -S data.path=…` uses the new path at once. `data` depends on the teacher too: its
# tokenizer may cut the texts, and the value of `auto` follows from its files.
_DATA, _TEACHER = "${data.path}", "${teacher.path}"
_EXTERNAL = {"data": [_DATA, _TEACHER], "teacher": [_TEACHER]}

# The first stage always runs, which takes a second or two: an installed plug-in may have changed,
# and DVC cannot see it, because it lies outside of the project. If the two files stay the same, all
# other stages are skipped.
_COMPOSE = {
    "cmd": "kedro compose",
    "deps": [_DATA, _TEACHER, "conf/hydra", "params.yaml", f"src/{PACKAGE}"],
    "outs": [{str(COMPOSED): {"cache": False}}, {str(CODE): {"cache": False}}],
    "always_changed": True,
}

# What an alarm does changes no result, so models are not trained again for it. The stages that
# write alarms depend on it: DVC runs them first, and they stop before those that only read alarms.
_AT_ALARMS, _ALARMS = "evaluate.sanity", "_alarms"

Catalog = Mapping[str, Mapping[str, Any]]


class _OneLine(list[str]):
    """A list that is written as [a, b]."""


class _Dumper(yaml.SafeDumper):
    """Writes YAML with the lists of `_OneLine` on one line."""


_Dumper.add_representer(
    _OneLine,
    lambda dumper, items: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", items, flow_style=True
    ),
)


def write_dvc_yaml(root: Path, stages: Mapping[str, Pipeline], catalog: Catalog) -> str:
    """Write dvc.yaml and return a message for the user."""
    write_text(confined(FILE, root), dvc_yaml(stages, catalog))
    return f"wrote {FILE}: {len(stages) + 1} stages"


def check_dvc_yaml(root: Path, stages: Mapping[str, Pipeline], catalog: Catalog) -> str:
    """Return a message for the user if dvc.yaml is up to date.

    Raises:
        ConfigError: the file is missing or out of date.
    """
    path = root / FILE
    if not path.is_file() or path.read_text(encoding="utf-8") != dvc_yaml(stages, catalog):
        raise ConfigError(f"{FILE} is out of date. Run `kedro dvc` and commit the file.")
    return f"{FILE} is up to date"


def dvc_yaml(stages: Mapping[str, Pipeline], catalog: Catalog) -> str:
    """Return the text of dvc.yaml.

    Args:
        stages: pipelines by name, in order.
        catalog: the entries of the catalog, as written in its file.
    """
    separate = separate_keys(stages)
    written = {name: _stage(name, stages[name], catalog, separate) for name in stages}
    body: str = yaml.dump(
        {"stages": {"compose": _COMPOSE, **written}},
        Dumper=_Dumper,
        sort_keys=False,
        width=100,
        allow_unicode=True,
    )
    return _HEADER + body


def stage_modules(name: str, pipeline: Pipeline, catalog: Catalog) -> list[str]:
    """Return the modules that a stage starts from.

    They are its pipeline, the composition of its parameters and the types of its catalog entries.
    """
    entries = sorted((pipeline.inputs() | pipeline.all_outputs()) & catalog.keys())
    types = [catalog[entry]["type"].rpartition(".")[0] for entry in entries]
    own = [module for module in types if module.partition(".")[0] == PACKAGE]
    return [f"{PACKAGE}.pipelines.{name}.pipeline", f"{PACKAGE}.config.compose", *own]


def _stage(
    name: str, pipeline: Pipeline, catalog: Catalog, separate: set[str]
) -> dict[str, object]:
    inputs = sorted(item for item in pipeline.inputs() if not _is_parameter(item))
    outputs = [entry for entry in catalog if entry in pipeline.all_outputs()]
    # A stage whose outputs differ by student runs once for each; others read the first student's.
    each = any(_STUDENT in catalog[entry]["filepath"] for entry in outputs)
    student = "${item.student}" if each else "${students[0]}"
    keys = [_of_student(key, student) if each else key for key in _parameters(pipeline, separate)]
    of_each: dict[str, object] = {
        "matrix": {"student": "${students}"},
        "cmd": f"kedro run --pipeline={name} --params=groups.student={student}",
    }
    external = [path for section in SECTIONS for path in _external(section, pipeline)]
    files = [catalog[entry]["filepath"].replace(_STUDENT, student) for entry in inputs]
    stage: dict[str, object] = {
        **(of_each if each else {"cmd": f"kedro run --pipeline={name}"}),
        "deps": [*external, *files],
        "params": [
            *([{str(COMPOSED): _OneLine(keys)}] if keys else []),
            {str(CODE): _OneLine([name])},
        ],
    }
    return stage | _products(outputs, catalog, student)


def _of_student(key: str, student: str) -> str:
    """Return the key of a section, within the sections of all students if it is `student`."""
    return f"{STUDENTS}.{student}" if key == "student" else key


def _products(outputs: list[str], catalog: Catalog, student: str) -> dict[str, list[object]]:
    """Return outs, metrics and plots, as the entries' metadata says."""
    products: dict[str, list[object]] = {}
    for entry in outputs:
        options = dict(catalog[entry].get("metadata", {}).get("dvc", {}))
        kind = options.pop("as", "out")
        if kind == "none":
            continue
        path = catalog[entry]["filepath"].replace(_STUDENT, student)
        products.setdefault(f"{kind}s", []).append({path: options} if options else path)
    return products


def _parameters(pipeline: Pipeline, separate: set[str]) -> list[str]:
    """Return the keys of the parameters that a stage depends on.

    `parameters` are all sections but `report`, on which only that stage depends.

    Args:
        pipeline: the stage.
        separate: keys such as `teacher.mode` that are inputs of their own. Stages that use the
            rest of the section do not depend on them.
    """
    inputs = {item for item in pipeline.inputs() if _is_parameter(item)}
    if not any(output.endswith(_ALARMS) for output in pipeline.all_outputs()):
        inputs -= {f"{_PARAMETERS}{_AT_ALARMS}"}
    keys = []
    for section in SECTIONS:
        own = sorted(key for key in separate if key.startswith(f"{section}."))
        if "parameters" in inputs and section not in AFTERWARDS:
            keys.append(section)
            continue
        if f"{_PARAMETERS}{section}" in inputs:
            keys.append(f"{REST}.{section}" if own else section)
        keys += [key for key in own if f"{_PARAMETERS}{key}" in inputs]
    return keys


def separate_keys(stages: Mapping[str, Pipeline]) -> set[str]:
    """Return the keys that some node has as an input of its own, as `teacher.mode`."""
    inputs = {item for pipeline in stages.values() for item in pipeline.inputs()}
    return {
        item.removeprefix(_PARAMETERS)
        for item in inputs
        if item.startswith(_PARAMETERS) and "." in item
    }


def _external(section: str, pipeline: Pipeline) -> list[str]:
    """Return the paths that a stage reads because it has a section of the parameters."""
    is_read = f"{_PARAMETERS}{section}" in pipeline.inputs()
    return _EXTERNAL.get(section, []) if is_read else []


def _is_parameter(item: str) -> bool:
    return item == "parameters" or item.startswith(_PARAMETERS)
