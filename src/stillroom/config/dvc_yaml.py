"""Write dvc.yaml, DVC's stages, from the pipeline registry, the catalog and the imports.

    pipelines + catalog + import graph ──dvc_yaml──> text of dvc.yaml

A stage depends on the files that it reads and on the modules that it can import, so a change of
code reruns only the stages that it can affect. Its parameters are the inputs of its nodes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml
from kedro.pipeline import Pipeline

from stillroom.config.composed_file import COMPOSED
from stillroom.config.schema import SECTIONS
from stillroom.config.students import STUDENTS
from stillroom.errors import ConfigError
from stillroom.io.files.atomic import write_text
from stillroom.io.files.paths import confined

FILE = "dvc.yaml"
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

Catalog = Mapping[str, Mapping[str, Any]]


def write_dvc_yaml(root: Path, stages: Mapping[str, Pipeline], catalog: Catalog) -> str:
    """Write dvc.yaml and return a message for the user."""
    write_text(confined(FILE, root), dvc_yaml(root, stages, catalog))
    return f"wrote {FILE}: {len(stages) + 1} stages"


def check_dvc_yaml(root: Path, stages: Mapping[str, Pipeline], catalog: Catalog) -> str:
    """Return a message for the user if dvc.yaml is up to date.

    Raises:
        ConfigError: the file is missing or out of date.
    """
    path = root / FILE
    if not path.is_file() or path.read_text(encoding="utf-8") != dvc_yaml(root, stages, catalog):
        raise ConfigError(f"{FILE} is out of date. Run `kedro dvc` and commit the file.")
    return f"{FILE} is up to date"


def dvc_yaml(root: Path, stages: Mapping[str, Pipeline], catalog: Catalog) -> str:
    """Return the text of dvc.yaml.

    Args:
        root: the project's folder; paths are written relative to it.
        stages: pipelines by name, in order.
        catalog: the entries of the catalog, as written in its file.
    """
    imports = _Imports(root)
    compose = {
        "cmd": "kedro compose",
        "deps": [
            _DATA,
            _TEACHER,
            "conf/hydra",
            "params.yaml",
            *imports.files(["stillroom.config.compose"]),
        ],
        "outs": [{str(COMPOSED): {"cache": False}}],
    }
    separate = _separate_keys(stages)
    written = {name: _stage(name, stages[name], catalog, imports, separate) for name in stages}
    body: str = yaml.safe_dump(
        {"stages": {"compose": compose, **written}}, sort_keys=False, width=100, allow_unicode=True
    )
    return _HEADER + body


def _stage(
    name: str, pipeline: Pipeline, catalog: Catalog, imports: "_Imports", separate: set[str]
) -> dict[str, object]:
    inputs = sorted(item for item in pipeline.inputs() if not _is_parameter(item))
    outputs = [entry for entry in catalog if entry in pipeline.all_outputs()]
    keys = _parameters(pipeline, separate)
    code = [f"stillroom.pipelines.{name}.pipeline", "stillroom.config.compose"]
    code += [catalog[entry]["type"].rpartition(".")[0] for entry in [*inputs, *outputs]]
    # A stage whose outputs differ by student runs once for each; others read the first student's.
    each = any(_STUDENT in catalog[entry]["filepath"] for entry in outputs)
    student = "${item.student}" if each else "${students[0]}"
    of_each: dict[str, object] = {
        "matrix": {"student": "${students}"},
        "cmd": f"kedro run --pipeline={name} --params=groups.student={student}",
    }
    stage: dict[str, object] = {
        **(of_each if each else {"cmd": f"kedro run --pipeline={name}"}),
        "deps": [
            *[path for section in SECTIONS for path in _external(section, pipeline)],
            *[catalog[entry]["filepath"].replace(_STUDENT, student) for entry in inputs],
            *imports.files(code),
        ],
        "params": [{str(COMPOSED): [_of_student(key, student) if each else key for key in keys]}],
    }
    if not keys:
        del stage["params"]
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

    Args:
        pipeline: the stage.
        separate: keys such as `teacher.mode` that are inputs of their own. Stages that use the
            rest of the section do not depend on them.
    """
    inputs = {item for item in pipeline.inputs() if _is_parameter(item)}
    keys_of_stage = []
    for section, kind in SECTIONS.items():
        own = sorted(key for key in separate if key.startswith(f"{section}."))
        if "parameters" in inputs or (f"{_PARAMETERS}{section}" in inputs and not own):
            keys_of_stage.append(section)
        elif f"{_PARAMETERS}{section}" in inputs:
            keys = [f"{section}.{field.name}" for field in fields(kind)]
            keys_of_stage += [key for key in keys if key not in own]
        keys_of_stage += [key for key in own if f"{_PARAMETERS}{key}" in inputs]
    return keys_of_stage


def _separate_keys(stages: Mapping[str, Pipeline]) -> set[str]:
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


class _Imports:
    """The project's import graph, late imports included."""

    def __init__(self, root: Path) -> None:
        import grimp

        self.root = root
        self.graph = grimp.build_graph("stillroom", cache_dir=None)

    def files(self, modules: Iterable[str]) -> list[str]:
        """Return the files of the modules and of all their imports, and the templates of a page."""
        reached: set[str] = set()
        for module in modules:
            if module in self.graph.modules:
                reached |= {module, *self.graph.find_upstream_modules(module)}
        files = {self._file(module) for module in reached}
        folders = {file.parent / "templates" for file in files if file.stem == "page"}
        templates = {folder for folder in folders if (self.root / folder).is_dir()}
        return sorted(path.as_posix() for path in files | templates)

    def _file(self, module: str) -> Path:
        path = Path("src", *module.split("."))
        package = path / "__init__.py"
        return package if (self.root / package).is_file() else path.with_suffix(".py")
