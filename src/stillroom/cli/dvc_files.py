"""The files from which DVC decides what to run: dvc.yaml, conf/composed.yaml and conf/code.yaml.

The commands `compose` and `dvc` write them. A stage that DVC runs checks that its code is the code
that DVC saw.
"""

from pathlib import Path

from kedro.pipeline import Pipeline

from stillroom.config.code_digest.digest import CodeDigests
from stillroom.config.code_digest.unchanged_code import require_equal_code, write_code
from stillroom.config.compose import compose, students_of
from stillroom.config.dvc.composed_file import write_composed
from stillroom.config.dvc.dvc_yaml import (
    Catalog,
    check_dvc_yaml,
    separate_keys,
    stage_modules,
    write_dvc_yaml,
)
from stillroom.io.yaml_files import read_yaml


def write_for_dvc(root: Path) -> list[Path]:
    """Write the parameters and the digests of code, and return the paths of the files."""
    stages, catalog, digests = _stages(), _catalog(root), CodeDigests()
    students = {
        name: compose(root, {"groups": {"student": name}})["student"] for name in students_of(root)
    }
    of_stage = {name: digests.of(stage_modules(name, stages[name], catalog)) for name in stages}
    return [
        write_composed(compose(root), root, students, separate_keys(stages)),
        write_code(of_stage, root),
    ]


def write_stages(root: Path) -> str:
    """Write dvc.yaml, and return a message for the user."""
    return write_dvc_yaml(root, _stages(), _catalog(root))


def check_stages(root: Path) -> str:
    """Check that dvc.yaml is up to date, and return a message for the user.

    Raises:
        ConfigError: the file is missing or out of date.
    """
    return check_dvc_yaml(root, _stages(), _catalog(root))


def require_code_of(root: Path, stage: str) -> None:
    """Check that the code of a stage is the code that DVC saw.

    Raises:
        ConfigError: the code was changed since `conf/code.yaml` was written.
    """
    modules = stage_modules(stage, _stages()[stage], _catalog(root))
    require_equal_code(CodeDigests().of(modules), root, stage)


def _stages() -> dict[str, Pipeline]:
    from stillroom.pipeline_registry import STAGES, register_pipelines

    pipelines = register_pipelines()
    return {name: pipelines[name] for name in STAGES}


def _catalog(root: Path) -> Catalog:
    catalog: Catalog = read_yaml(root / "conf" / "base" / "catalog.yml")
    return catalog
