"""Kedro's settings for this project."""

from stillroom.config.loader import ComposingConfigLoader
from stillroom.hooks import HOOKS as _HOOKS

CONFIG_LOADER_CLASS = ComposingConfigLoader
CONFIG_LOADER_ARGS = {"base_env": "base", "default_run_env": "local"}
HOOKS = _HOOKS
