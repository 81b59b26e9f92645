"""Kedro's config loader, with parameters from `compose`; everything else is Kedro's own.

loader["parameters"] ──> compose(project, --params)
loader[anything else] ──checked files──> OmegaConfigLoader ──catalog_checks──> its values
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException, OmegaConfigLoader

from stillroom.config.checks.catalog_checks import check_catalog
from stillroom.config.checks.config_files import check_kedro_files
from stillroom.config.compose import compose, student_of
from stillroom.config.dvc.composed_file import require_equal
from stillroom.errors import ConfigError, StillroomError
from stillroom.io.dvc_root import DVC_STAGE

CREDENTIALS = "credentials"


class ComposingConfigLoader(OmegaConfigLoader):
    """Kedro's loader with composed parameters; the catalog can use `${student:}`, its name."""

    def __init__(self, conf_source: str, *args: Any, **kwargs: Any) -> None:
        """Take the arguments of Kedro's loader.

        Raises:
            ConfigError: the configuration is no folder on this disk, the environment is none of its
                folders, or a file that Kedro reads is not plain YAML.
        """
        if not Path(conf_source).is_dir():
            raise ConfigError(
                f"{conf_source} is not a folder. --conf-source names the folder conf of a project."
            )
        given = kwargs.get("env") or (args[0] if args else None)
        names = [given or kwargs.get("default_run_env"), kwargs.get("base_env")]
        check_kedro_files(Path(conf_source), [name for name in names if name])
        resolvers = {"student": lambda: self._student}
        super().__init__(conf_source, *args, custom_resolvers=resolvers, **kwargs)

    @property
    def _root(self) -> Path:
        return Path(self.conf_source).parent

    @cached_property
    def _student(self) -> str:
        return student_of(self._root, self.runtime_params)

    def __getitem__(self, key: str) -> dict[str, Any]:
        """Return a kind of configuration.

        Raises:
            ConfigError: a file cannot be read, or a parameter or a catalog entry is not allowed, or
                DVC runs a stage and the parameters differ from `conf/composed.yaml`, which DVC saw.
        """
        if key == "catalog":
            _ = self._student  # here, because an error within a resolver loses its cause
        if key != "parameters" or key in self.data:
            return self._checked(key)
        parameters = compose(self._root, self.runtime_params)
        if os.environ.get(DVC_STAGE):
            require_equal(parameters, self._root, self._student)
        self["parameters"] = parameters
        return parameters

    def _checked(self, key: str) -> dict[str, Any]:
        """Return what Kedro reads."""
        try:
            values = dict(super().__getitem__(key))
        except (StillroomError, MissingConfigException, KeyError):
            raise  # Kedro itself handles a kind of configuration that is missing
        except Exception as error:  # of OmegaConf, PyYAML or Kedro, which have no common base
            # What is wrong with credentials would be printed with their values.
            why = type(error).__name__ if key == CREDENTIALS else " ".join(str(error).split())
            raise ConfigError(
                f"The {key} in {self.conf_source} cannot be read: {why}. Correct the file."
            ) from (None if key == CREDENTIALS else error)
        if key == "catalog":
            check_catalog(values, self._root)
        return values
