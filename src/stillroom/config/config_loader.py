"""Kedro's config loader, with parameters from `compose`; everything else is Kedro's own.

loader["parameters"] ──> compose(project, --params)
loader[anything else] ──> OmegaConfigLoader
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader

from stillroom.config.compose import compose, student_of
from stillroom.config.composed_file import require_equal

DVC_STAGE = "DVC_STAGE"  # DVC sets it for each command that it runs


class ComposingConfigLoader(OmegaConfigLoader):
    """Kedro's loader with composed parameters; the catalog can use `${student:}`, its name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the arguments of Kedro's loader."""
        resolvers = {"student": lambda: self._student}
        super().__init__(*args, custom_resolvers=resolvers, **kwargs)

    @property
    def _root(self) -> Path:
        return Path(self.conf_source).parent

    @cached_property
    def _student(self) -> str:
        return student_of(self._root, self.runtime_params)

    def __getitem__(self, key: str) -> dict[str, Any]:
        """Return a kind of configuration.

        Raises:
            ConfigError: params.yaml cannot be read, or a parameter is not allowed, or DVC runs a
                stage and the parameters differ from `conf/composed.yaml`, which DVC saw.
        """
        if key == "catalog":
            _ = self._student  # here, because an error within a resolver loses its cause
        if key != "parameters" or key in self.data:
            return dict(super().__getitem__(key))
        parameters = compose(self._root, self.runtime_params)
        if os.environ.get(DVC_STAGE):
            require_equal(parameters, self._root, self._student)
        self["parameters"] = parameters
        return parameters
