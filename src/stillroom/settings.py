"""Kedro's settings for this project."""

from stillroom.config.loader import ComposingConfigLoader
from stillroom.hooks import HOOKS as _HOOKS

CONFIG_LOADER_CLASS = ComposingConfigLoader
CONFIG_LOADER_ARGS = {"base_env": "base", "default_run_env": "local"}
HOOKS = _HOOKS

# Kedro-Viz 12.5 takes a run of one stage for a whole one (it looks for `pipeline_name`, which
# Kedro 1.7 calls `pipeline_names`) and forgets the status of all others; `RunStatus` keeps it.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-viz",)
