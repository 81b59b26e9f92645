"""Compose the parameters: Hydra's groups, then params.yaml, then --params, then the checks.

    conf/hydra ──group choices──> base ──struct merge──> params.yaml ──> runtime ──resolve──> check

Every command calls `compose`, so equal inputs give equal parameters. The merge is in struct mode: a
key that no group defines is an error. Interpolations are resolved last, so an override also changes
the values that refer to it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from stillroom.config.checks.config_files import (
    check_hydra_files,
    refuse_parameter_files,
    require_no_functions,
)
from stillroom.config.checks.logging_checks import check_logging
from stillroom.config.checks.section_checks import check_foreign_sections
from stillroom.config.cross_checks import check
from stillroom.config.plug_in_choices import choices_of, config_folders
from stillroom.config.resolve_auto import resolve_auto
from stillroom.config.students import DEFAULT, STUDENTS, student_name, student_names
from stillroom.errors import ConfigError, nearest
from stillroom.io.json.flatten import leaves
from stillroom.io.yaml_files import require_safe

GROUPS = (
    "experiment",
    "data",
    "teacher",
    "softlabels",
    "student",
    "adapter",
    "objective",
    "trainer",
    "export",
    "report",
)

# Hydra's own groups, for applications that Hydra starts: logging, launching, help. Stillroom does
# not use them, and composing without them takes a quarter less time.
HYDRA_GROUPS = (
    "env",
    "help",
    "hydra_help",
    "hydra_logging",
    "job_logging",
    "launcher",
    "output",
    "sweeper",
)

# Sections that are null unless a choice of their group fills them.
OF_GROUPS = {"student.adapter": "groups.adapter"}

NO_SECTIONS = ("groups", STUDENTS)
MERGED = "The configuration of conf/hydra, params.yaml and --params"

# Below these keys any key is allowed: each architecture has its own options, the registry has the
# terms, a chat template reads arguments of its own, the teacher has names for its classes, and the
# user names the slices. `answers` is null or a section. The checks refuse unknown ones where there
# is a list.
OPEN = (
    "teacher.architecture.options",
    "teacher.class_names",
    "student.architecture.options",
    "objective.terms",
    "data.chat.template_arguments",
    "evaluate.slices",
    "evaluate.answers",
)
NULLABLE = ("evaluate.answers",)  # sections that null turns off
# Here the user's own names are keys, and a dot is part of a name: `1.0`, `comp.graphics`.
NAMES = ("teacher.class_names", "evaluate.slices")


def compose(root: Path, runtime: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the composed and checked parameters of the project at `root`.

    Args:
        root: the project's folder, with `params.yaml` and `conf/hydra/`.
        runtime: the values of `--params`, nested; `groups.<group>` chooses, the rest overrides.

    Raises:
        ConfigError: an unknown key or choice, or a value that is not allowed.
    """
    hydra = root / "conf" / "hydra"
    check_logging(root)
    refuse_parameter_files(root / "conf")
    check_hydra_files(hydra)
    file, given = _params_file(root), dict(runtime or {})
    require_no_functions(given, "--params")
    if STUDENTS in given:
        raise ConfigError(
            "students cannot be set with --params, because DVC reads this list from params.yaml. "
            "To choose one student for this run, use --params groups.student=…"
        )
    student = student_name(student_names(file, hydra), given)
    choices = _choices(hydra, file.get("groups")) | _choices(hydra, given.get("groups"))
    if student != DEFAULT:
        choices |= _choices(hydra, {"student": student})
    config = _groups(hydra, choices)
    for layer in (file, given):
        _merge(config, {key: value for key, value in layer.items() if key not in NO_SECTIONS})
    parameters = check(resolve_auto(_resolved(config), root))
    check_foreign_sections(parameters["report"], root)
    return parameters


def student_of(root: Path, runtime: Mapping[str, Any] | None = None) -> str:
    """Return the name of a run's student, which is also the name of its folder."""
    return student_name(students_of(root), dict(runtime or {}))


def students_of(root: Path) -> list[str]:
    """Return the names of all students of the project."""
    return student_names(_params_file(root), root / "conf" / "hydra")


def _params_file(root: Path) -> dict[str, Any]:
    """Return the content of params.yaml.

    Raises:
        ConfigError: the file is missing, or is not YAML of keys and values.
    """
    path = root / "params.yaml"
    require_safe(path)
    try:  # OmegaConf reads 1e-3 as a number, as Hydra does; plain YAML 1.1 reads a text
        content = OmegaConf.to_container(OmegaConf.load(path))
    except Exception as error:  # the YAML reader's errors have no common base
        raise ConfigError(f"{path} is not YAML: {_one_line(error)}. Correct it.") from error
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path} holds a {type(content).__name__}; it must hold keys and values, as in "
            "student: {epochs: 3}."
        )
    require_no_functions(content, str(path))
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
                f"{group} is not a config group.{nearest(str(group), list(GROUPS))} "
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
    overrides = [f"~hydra/{part}" for part in HYDRA_GROUPS]
    overrides += [f"{group}={choice}" for group, choice in choices.items()]
    brought = [folder for folder in config_folders(hydra) if folder != hydra]
    if brought:
        for group in GROUPS:  # of two files of one name, Hydra would take the project's
            choices_of(hydra, group)
        overrides.append(f"hydra.searchpath=[{','.join(map(_source, brought))}]")
    try:
        with initialize_config_dir(str(hydra.resolve()), version_base="1.3"):
            return hydra_compose("config", overrides=overrides)
    except RecursionError:
        chosen = ", ".join(f"{group}={choice}" for group, choice in choices.items())
        raise ConfigError(
            f"conf/hydra cannot be composed: a file names itself in its `defaults` ({chosen}). "
            "Remove it from that list."
        ) from None
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(
            f"conf/hydra cannot be composed: {_one_line(error)}. Correct the file that this names."
        ) from error


def _source(folder: Path) -> str:
    """Return a folder for Hydra's search path, quoted as in an override.

    Hydra cuts `file://` off and uses the rest as it is, so this is no URI with percent signs.
    """
    from hydra.core.override_parser.types import Quote, QuotedString

    return QuotedString(f"file://{folder.resolve()}", Quote.single).with_quotes()


def _merge(config: DictConfig, values: Mapping[str, Any]) -> None:
    for key, value in leaves(values) if values else ():
        if value is not None or key not in NULLABLE:
            _require_known(config, key)
        try:
            _set(config, key, value)
        except OmegaConfBaseException as error:
            raise ConfigError(
                f"{key} cannot be set to {value!r}: {_one_line(error)}. See `kedro params` for its "
                "current value."
            ) from error


def _set(config: DictConfig, key: str, value: object) -> None:
    section = next((name for name in NAMES if key.startswith(f"{name}.")), None)
    if section is not None:
        before = OmegaConf.select(config, section)
        names = OmegaConf.to_container(before) if isinstance(before, DictConfig) else {}
        given = {str(name): one for name, one in names.items()}  # type: ignore[union-attr]
        key, value = section, given | {key.removeprefix(f"{section}."): value}
    OmegaConf.update(config, key, value, merge=False, force_add=_is_open(key) or bool(section))


def _require_known(config: DictConfig, key: str) -> None:
    if _is_open(key):
        return
    node: Any = config
    parts = key.split(".")
    for depth, part in enumerate(parts):
        if not isinstance(node, DictConfig):
            section = ".".join(parts[:depth])
            way_out = f"Set {OF_GROUPS[section]} as well" if section in OF_GROUPS else ""
            raise ConfigError(
                f"{section} is a value and has no key {part}. {way_out or 'Set the value itself'}."
            )
        if part not in node.keys():  # noqa: SIM118  (`in` denies a key whose value is missing)
            keys = list(_keys(config))
            raise ConfigError(f"{key} is not a parameter.{nearest(key, keys)} See `kedro params`.")
        node = node._get_node(part)
    if isinstance(node, DictConfig):
        raise ConfigError(f"{key} is a section. Set one of its keys: {', '.join(map(str, node))}.")


def _is_open(key: str) -> bool:
    return any(key.startswith(f"{prefix}.") for prefix in OPEN)


def _keys(config: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in map(str, config):
        node = config._get_node(key)
        if isinstance(node, DictConfig):
            yield from _keys(node, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _resolved(config: DictConfig) -> dict[str, Any]:
    # Whatever way a value came, also in a file of a package: no function of it is ever called.
    require_no_functions(OmegaConf.to_container(config, resolve=False), MERGED)
    try:
        missing = sorted(OmegaConf.missing_keys(config))
        container = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError(
            f"A value refers to a key that cannot be resolved: {_one_line(error)}. Correct the "
            "${…} that this names."
        ) from error
    require_no_functions(container, MERGED)  # two references side by side can make up one
    if missing:
        raise ConfigError(f"{missing[0]} has no value. Set it in params.yaml or with --params.")
    if not isinstance(container, dict):
        raise ConfigError(
            "conf/hydra/config.yaml must hold keys and values. Restore it: git checkout "
            "conf/hydra/config.yaml"
        )
    return {str(key): value for key, value in container.items()}


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
