"""One digest for all code that a program can reach: its modules, templates and plug-ins.

modules ──CodeDigests.of──> SHA-256, which prose does not change
"""

from collections.abc import Iterable
from dataclasses import asdict

from stillroom.config.code_digest.closure import SourceTree
from stillroom.config.code_digest.plug_ins import PlugIns
from stillroom.io.files.hashing import sha256_json


class CodeDigests:
    """Digests of code; each file is read at most once."""

    def __init__(self, tree: SourceTree | None = None) -> None:
        """Take the project's modules; None: those that run."""
        self.tree = tree or SourceTree()
        self.plug_ins = PlugIns()

    def of(self, modules: Iterable[str]) -> str:
        """Return the digest of what some modules can reach.

        Raises:
            ConfigError: one of the modules does not exist, or a file is not Python.
        """
        closure = self.tree.closure(modules)
        plug_ins = self.plug_ins.digests(closure.groups)
        return sha256_json(
            asdict(closure) | {"groups": sorted(closure.groups)} | {"plug_ins": plug_ins}
        )
