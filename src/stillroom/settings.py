"""Kedro's settings for this project."""

import gc

# What start-up makes is there to stay, and the collector looks through all of it again and again.
# Called here, before the first heavy import: a tenth of the time of `kedro run` with nothing to do.
gc.freeze()
gc.set_threshold(100_000, 50, 100)

from stillroom.config.config_loader import ComposingConfigLoader  # noqa: E402
from stillroom.hooks import HOOKS as _HOOKS  # noqa: E402

CONFIG_LOADER_CLASS = ComposingConfigLoader
CONFIG_LOADER_ARGS = {"base_env": "base", "default_run_env": "local"}
HOOKS = _HOOKS

# Kedro-Viz 12.5 takes a run of one stage for a whole one (it looks for `pipeline_name`, which
# Kedro 1.7 calls `pipeline_names`) and forgets the status of all others; `RunStatus` keeps it.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-viz",)
