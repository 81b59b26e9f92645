"""Compose: Hydra's groups, then params.yaml, then --params; one checked dict out.

    conf/hydra ──group choices──> base ──struct merge──> params.yaml ──> runtime ──resolve──> check

Every way to run comes through `compose`, so equal inputs give equal parameters. The merge is in
struct mode: a key that no group defines is an error. Interpolations are resolved last, so that
an override reaches what refers to it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from stillroom.config.cross_checks import check
from stillroom.config.resolve_auto import settled
from stillroom.config.students import DEFAULT, STUDENTS, chosen, names_of
from stillroom.errors import ConfigError, nearest

GROUPS = ("experiment", "data", "teacher", "softlabels", "student", "objective", "trainer")

# What Hydra composes for applications that it starts: logging, launching, help. Nothing here uses
# it, and leaving it out takes a quarter off each command's composition.
HYDRAS_OWN = (
    "env",
    "help",
    "hydra_help",
    "hydra_logging",
    "job_logging",
    "launcher",
    "output",
    "sweeper",
)

NO_SECTIONS = ("groups", STUDENTS)

# Below these keys a choice of architecture brings its own options, so keys are open there; the
# builder of the architecture checks them.
OPEN = ("teacher.architecture.options", "student.architecture.options", "evaluate.slices")


def compose(root: Path, runtime: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the composed and checked parameters of the project at `root`.

    Args:
        root: the project's folder, with `params.yaml` and `conf/hydra/`.
        runtime: what `--params` gave, nested; `groups.<group>` chooses, the rest overrides.

    Raises:
        ConfigError: an unknown key or choice, or a value that is not allowed.
    """
    hydra = root / "conf" / "hydra"
    file, given = _params_file(root), dict(runtime or {})
    if STUDENTS in given:
        raise ConfigError(
            "students is the list of params.yaml, which DVC reads. For one run, name one of them: "
            "--params groups.student=…"
        )
    student = chosen(names_of(file, hydra), given)
    choices = _choices(hydra, file.get("groups")) | _choices(hydra, given.get("groups"))
    if student != DEFAULT:
        choices |= _choices(hydra, {"student": student})
    config = _groups(hydra, choices)
    for layer in (file, given):
        _merge(config, {key: value for key, value in layer.items() if key not in NO_SECTIONS})
    return check(settled(_resolved(config), root))


def student_of(root: Path, runtime: Mapping[str, Any] | None = None) -> str:
    """Return the name of the student that a run is about, and of its folder."""
    return chosen(students_of(root), dict(runtime or {}))


def students_of(root: Path) -> list[str]:
    """Return the names of all students of the project."""
    return names_of(_params_file(root), root / "conf" / "hydra")


def choices_of(hydra: Path, group: str) -> list[str]:
    """Return the names of the choices of a group: the files in its folder, but for `base`."""
    return sorted(path.stem for path in (hydra / group).glob("*.yaml") if path.stem != "base")


def _params_file(root: Path) -> dict[str, Any]:
    """Return what params.yaml holds.

    Raises:
        ConfigError: it is missing, or no YAML of keys and values.
    """
    path = root / "params.yaml"
    try:
        content = OmegaConf.to_container(OmegaConf.load(path))
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist. Restore it: git checkout params.yaml") from None
    except Exception as error:  # the YAML reader's errors have no common base
        raise ConfigError(f"{path} is not YAML: {_one_line(error)}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path} holds {type(content).__name__}; it must hold keys and values.")
    return {str(key): value for key, value in content.items()}


def _choices(hydra: Path, given: object) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"groups is {given!r}; it must map groups to choices, as in student: tiny."
        )
    chosen = {}
    for group, choice in given.items():
        if group not in GROUPS:
            raise ConfigError(
                f"groups.{group} is not a group.{nearest(str(group), list(GROUPS))} "
                f"Allowed: {', '.join(GROUPS)}."
            )
        if choice is None or (group, choice) == ("student", DEFAULT):
            continue
        allowed = choices_of(hydra, group)
        if choice not in allowed:
            raise ConfigError(
                f"groups.{group}={choice} is not a choice.{nearest(str(choice), allowed)} "
                f"Allowed: {', '.join(allowed)}."
            )
        chosen[group] = choice
    return chosen


def _groups(hydra: Path, choices: Mapping[str, str]) -> DictConfig:
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException

    GlobalHydra.instance().clear()  # left over from another composition in this process
    overrides = [f"~hydra/{part}" for part in HYDRAS_OWN]
    overrides += [f"{group}={choice}" for group, choice in choices.items()]
    try:
        with initialize_config_dir(str(hydra.resolve()), version_base="1.3"):
            return hydra_compose("config", overrides=overrides)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"conf/hydra cannot be composed: {_one_line(error)}") from error


def _merge(config: DictConfig, values: Mapping[str, Any]) -> None:
    for key, value in _leaves(values):
        _require_known(config, key)
        try:
            OmegaConf.update(config, key, value, merge=False, force_add=_is_open(key))
        except OmegaConfBaseException as error:
            raise ConfigError(f"{key}={value!r} cannot be set: {_one_line(error)}") from error


def _require_known(config: DictConfig, key: str) -> None:
    if _is_open(key):
        return
    node: Any = config
    parts = key.split(".")
    for depth, part in enumerate(parts):
        if not isinstance(node, DictConfig):
            raise ConfigError(f"{'.'.join(parts[:depth])} is a value; it has no key {part}.")
        if part not in node.keys():  # noqa: SIM118  (`in` denies a key whose value is missing)
            known = list(_keys(config))
            raise ConfigError(f"{key} is not a parameter.{nearest(key, known)} See `kedro params`.")
        node = node._get_node(part)
    if isinstance(node, DictConfig):
        raise ConfigError(f"{key} is a section; set one of its keys: {', '.join(map(str, node))}.")


def _is_open(key: str) -> bool:
    return any(key.startswith(f"{prefix}.") for prefix in OPEN)


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _keys(config: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in map(str, config):
        node = config._get_node(key)
        if isinstance(node, DictConfig):
            yield from _keys(node, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _resolved(config: DictConfig) -> dict[str, Any]:
    try:
        missing = sorted(OmegaConf.missing_keys(config))
        container = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"an interpolation cannot be resolved: {_one_line(error)}") from error
    if missing:
        raise ConfigError(f"{missing[0]} has no value. Set it in params.yaml or with --params.")
    if not isinstance(container, dict):
        raise ConfigError("conf/hydra/config.yaml must hold keys and values.")
    return {str(key): value for key, value in container.items()}


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
