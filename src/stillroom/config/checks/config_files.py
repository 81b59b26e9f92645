"""Checks of the configuration files, before Hydra or Kedro read them.

    conf/hydra/**.yaml ──plain YAML, defaults inside conf/hydra, no functions──> Hydra
    conf/<environment>/{catalog,credentials,globals}* ──plain YAML──> Kedro
    conf/<environment>/parameters* ──> an error: Stillroom has another home for values

Files are data and not code: no file may name a class, another folder, or a function that reads the
environment.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from stillroom.errors import ConfigError
from stillroom.io.yaml_files import read_yaml, require_safe

HYDRA = "hydra"
SELF = "_self_"
DEFAULTS = "defaults"
READ_BY_KEDRO = ("catalog*", "credentials*", "globals.yml")
PARAMETERS = "parameters*"
SUFFIXES = (".yml", ".yaml", ".json")
PACKAGES = ("_global_", "_group_")
_CHOICE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_GROUP = re.compile(r"(override\s+)?/?[a-z]+")
_PACKAGE = re.compile(r"^#\s*@package\s+(.*?)\s*$", re.MULTILINE)
_MARKS = re.compile(r"\$\{|\}|:")


def check_hydra_files(hydra: Path) -> None:
    """Check the files of the config groups.

    Args:
        hydra: the folder conf/hydra.

    Raises:
        ConfigError: names the file and what is not allowed in it.
    """
    _refuse_linked_folders(hydra)
    for path in sorted(hydra.rglob("*.yaml")):
        text = require_safe(path)
        package = _PACKAGE.search(text)
        if package and package[1] not in PACKAGES:
            raise ConfigError(
                f"{path} has the package {package[1]}; allowed: {', '.join(PACKAGES)}. Correct the "
                "line with @package."
            )
        values = read_yaml(path) or {}
        if not isinstance(values, Mapping):
            raise ConfigError(f"{path} must hold keys and values, as in epochs: 3.")
        if HYDRA in values:
            raise ConfigError(
                f"{path} has the key {HYDRA}, which sets up Hydra itself, for example where it "
                "searches. Stillroom does that. Remove the key."
            )
        _check_defaults(values.get(DEFAULTS) or [], path)
        require_no_functions(values, str(path))


def check_kedro_files(conf: Path, environments: Iterable[str]) -> None:
    """Check the catalog, credentials and globals of some environments.

    Args:
        conf: the folder conf.
        environments: names of folders in it.

    Raises:
        ConfigError: an environment is no folder of conf, or a file is not plain YAML.
    """
    for environment in environments:
        if environment in ("", ".", "..", HYDRA) or len(Path(environment).parts) > 1:
            raise ConfigError(
                f"{environment!r} is not an environment. Give --env the name of a folder in {conf}."
            )
        if not (conf / environment).is_dir():
            raise ConfigError(f"{conf / environment} is not a folder. Create it, or correct --env.")
        for path in _matching(conf / environment, READ_BY_KEDRO):
            require_safe(path)


def refuse_parameter_files(conf: Path) -> None:
    """Refuse parameters in the places where Kedro's own projects have them.

    Raises:
        ConfigError: names the file, and where its values belong.
    """
    folders = [folder for folder in sorted(conf.glob("*")) if folder.is_dir()]
    for folder in folders:
        if folder.name == HYDRA:
            continue
        for path in _matching(folder, (PARAMETERS,)):
            raise ConfigError(
                f"{path.relative_to(conf.parent)} is not read, because each value has one home. "
                "Move its values to params.yaml, or set them with --params, and remove the file."
            )


def require_no_functions(values: object, origin: str) -> None:
    """Refuse functions such as ${oc.env:HOME} in values.

    What they read differs from machine to machine and may be a secret, and the composed values are
    written to files that are kept.

    Raises:
        ConfigError: names the function, and not what it would return.
    """
    for text in _texts(values):
        if _has_function(text):
            raise ConfigError(
                f"{origin} has {text[:60]!r}. Parameters can refer to each other, as in "
                "${student.epochs}, but functions such as ${oc.env:…} are not read: secrets belong "
                "in conf/local/credentials.yml, other values in params.yaml or --params."
            )


def _refuse_linked_folders(hydra: Path) -> None:
    """Refuse links to folders: Hydra would read files in them that the checks do not see."""
    for path in sorted(hydra.rglob("*")):
        if path.is_symlink() and path.is_dir():
            raise ConfigError(
                f"{path} is a link to a folder, and Hydra would read files there that are not "
                "checked. Put the files themselves into conf/hydra."
            )


def _has_function(text: str) -> bool:
    """Tell whether a text calls a function of OmegaConf.

    ${a.b} refers to another value, ${name:…} is a function, and the name can itself have
    references, as in ${oc.${a}:…}. In a reference no key has a colon, so one within ${…} is enough.
    """
    depth = 0
    for mark in _MARKS.findall(text):
        if mark == ":" and depth:
            return True
        depth += {"${": 1, "}": -min(depth, 1)}.get(mark, 0)
    return False


def _check_defaults(defaults: Any, path: Path) -> None:
    """Check that each item names a choice of a group in this folder."""
    for item in defaults if isinstance(defaults, list) else [defaults]:
        if isinstance(item, str) and _CHOICE.fullmatch(item):
            continue
        pairs = item.items() if isinstance(item, Mapping) else [("", item)]
        if not all(
            _GROUP.fullmatch(str(group)) and (choice is None or _CHOICE.fullmatch(str(choice)))
            for group, choice in pairs
        ):
            raise ConfigError(
                f"{path} has {item!r} among its defaults. An item is {SELF}, the name of another "
                "choice of the same group, or group: choice."
            )


def _matching(folder: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files of a folder of which some part of the path matches, as Kedro finds them."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.suffix in SUFFIXES and any(
            fnmatch(part, one) for part in parts for one in patterns
        ):
            yield path


def _texts(values: object) -> Iterator[str]:
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _texts(value)
    elif isinstance(values, str):
        yield values
