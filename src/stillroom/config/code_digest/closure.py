"""The closure of a module: all code of the project that it can make the program import.

    modules ──SourceTree.closure──> Closure(modules, templates, groups of plug-ins)

Imports count at any depth, within functions and under TYPE_CHECKING too, and so do the modules that
a registry's table names in strings. Of a package that a module lies in, `__init__` counts only if
it is imported itself; that of the whole project always counts, because it prepares the arithmetic.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import stillroom
from stillroom.config.code_digest.module_scan import ModuleScan, scan
from stillroom.errors import ConfigError, nearest
from stillroom.io.files.hashing import sha256_file

PACKAGE = Path(stillroom.__file__).parent
PAGE = "page"  # a module of this name reads the folder of templates beside it


@dataclass(frozen=True, slots=True)
class Closure:
    """The code that a program can reach.

    Attributes:
        modules: the digest of each module, by its dotted name.
        templates: the SHA-256 of each template, by its path within the package.
        groups: the groups of kinds of which installed packages can add some.
    """

    modules: dict[str, str]
    templates: dict[str, str]
    groups: frozenset[str]


class SourceTree:
    """The modules of a package; each is parsed at most once."""

    def __init__(self, package: Path | None = None) -> None:
        """Take the folder of the package; None: the code that runs."""
        self.package = package or PACKAGE
        self._scan = cache(scan)

    @cached_property
    def files(self) -> dict[str, Path]:
        """The files of all modules, by the modules' dotted names."""
        paths = sorted(self.package.rglob("*.py"), key=lambda path: path.stem == "__init__")
        return {self._module(path): path for path in paths}  # a package wins over a file, as always

    def closure(self, modules: Iterable[str]) -> Closure:
        """Return the closure of some modules.

        Raises:
            ConfigError: one of them does not exist, or a file is not Python.
        """
        waiting = [self.package.name, *modules]
        self._require(waiting)
        scans: dict[str, ModuleScan] = {}
        while waiting:
            name = waiting.pop()
            if name not in scans:
                scans[name] = self.scan_of(name)
                waiting += self._next(scans[name])
        return Closure(
            {name: scans[name].digest for name in sorted(scans)},
            self._templates(scans),
            frozenset().union(*(one.groups for one in scans.values())),
        )

    def scan_of(self, module: str) -> ModuleScan:
        """Return the scan of one module."""
        return self._scan(self.files[module], module)

    def _next(self, module: ModuleScan) -> set[str]:
        """Return the modules of this package that a module imports or names."""
        imports = {first if first in self.files else second for first, second in module.imports}
        return (imports | module.named) & self.files.keys()

    def _require(self, modules: list[str]) -> None:
        for name in modules:
            if name not in self.files:
                raise ConfigError(
                    f"{name} is not a module of {self.package.name}."
                    f"{nearest(name, list(self.files))}"
                )

    def _templates(self, modules: Iterable[str]) -> dict[str, str]:
        pages = [self.files[name] for name in modules if self.files[name].stem == PAGE]
        paths = {path for page in pages for path in (page.parent / "templates").rglob("*")}
        return {
            path.relative_to(self.package).as_posix(): sha256_file(path)
            for path in sorted(paths)
            if path.is_file()
        }

    def _module(self, path: Path) -> str:
        parts = path.relative_to(self.package.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
