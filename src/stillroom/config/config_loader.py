"""The config loader that gives Kedro its parameters; catalog, credentials, logging stay Kedro's.

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
    """Kedro's loader, with parameters from `compose`; the catalog's `${student:}` is its name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what Kedro's loader takes."""
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
            ConfigError: params.yaml cannot be read, the parameters are not allowed, or DVC runs a
                stage and they differ from `conf/composed.yaml`, by which it decided what to run.
        """
        if key == "catalog":
            _ = self._student  # here, since what a resolver raises is wrapped without its cause
        if key != "parameters" or key in self.data:
            return dict(super().__getitem__(key))
        parameters = compose(self._root, self.runtime_params)
        if os.environ.get(DVC_STAGE):
            require_equal(parameters, self._root, self._student)
        self["parameters"] = parameters
        return parameters
