"""Rerun command: the command line of this process in, the command that makes the student again out.

    kedro evaluate --params=… ──settings, without folders of this machine──> kedro run …

The lineage, the page and the model card show it, and the card is published.
"""

import re
import shlex
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from stillroom.io.dvc_root import DVC_STAGE

RUN = "kedro run --pipeline=distill"
# The folders of a path outside of the project, within quotes, a list or a dictionary.
FOLDERS = re.compile(r"""(?:^|(?<=[\[{,:'"\s]))(?:/|~|\.\./)[^,\]}'"]*/""")


def rerun_command(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the command that runs the whole pipeline with the settings of this process.

    Args:
        words: the command line of this process; only `--params` and `--env` are read from it.
        environment: the environment variables; DVC sets `DVC_STAGE` among them.
    """
    if environment.get(DVC_STAGE):
        return "dvc repro"
    options = ArgumentParser(add_help=False, allow_abbrev=False)
    options.add_argument("--params", action="append", nargs="?", const="", default=[])
    options.add_argument("-e", "--env", nargs="?")
    parsed, _ = options.parse_known_args(words)
    pairs = [_portable(pair) for params in parsed.params for pair in params.split(",") if pair]
    values = {"env": parsed.env, "params": ",".join(pairs)}
    return " ".join(
        [RUN, *(f"--{name}={shlex.quote(value)}" for name, value in values.items() if value)]
    )


def _portable(pair: str) -> str:
    """Return a parameter without the folders of this machine: the model card is published."""
    key, sign, value = pair.partition("=")
    is_outside = PurePath(value).is_absolute() or value.startswith(("~", "..")) or "://" in value
    if is_outside:
        return f"{key}{sign}…/{PurePath(value).name}"
    return FOLDERS.sub("…/", pair)
