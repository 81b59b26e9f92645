"""Kedro's settings for this project."""

import gc
from pathlib import Path

# Objects from the start-up stay in memory, and the collector would visit all of them repeatedly.
# Called here, before the first heavy import, this saves a tenth of the time of a `kedro run` that
# has nothing to do.
gc.freeze()
gc.set_threshold(100_000, 50, 100)

from kedro.utils import find_kedro_project  # noqa: E402

from stillroom.config.config_loader import ComposingConfigLoader  # noqa: E402
from stillroom.hooks import HOOKS as _HOOKS  # noqa: E402
from stillroom.io.datasets.parameter_catalog import ParameterCatalog  # noqa: E402
from stillroom.io.no_telemetry import silence  # noqa: E402
from stillroom.io.terminal import guard_terminal  # noqa: E402

silence(find_kedro_project(Path.cwd()))
guard_terminal()

CONFIG_LOADER_CLASS = ComposingConfigLoader
CONFIG_LOADER_ARGS = {"base_env": "base", "default_run_env": "local"}
DATA_CATALOG_CLASS = ParameterCatalog
HOOKS = _HOOKS

# Kedro-Viz 12.5 treats a run of one stage as a run of the whole pipeline (it looks for
# `pipeline_name`, which Kedro 1.7 calls `pipeline_names`) and forgets the status of all other
# stages; `RunStatus` keeps it.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-viz",)
