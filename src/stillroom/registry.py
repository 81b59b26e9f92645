"""Registries: the kinds of one thing by name, those built in and those of installed packages.

    name ──Registry.load──> the kind: a class or function, imported when it is first used

Each kind of thing has one table in the package that it belongs to, for example
`teachers/teacher_registry.py`. Another package adds a kind through the entry point group
`stillroom.<group>`; `docs/extending.md` shows one of each.
"""

import sys
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from stillroom.errors import ConfigError, nearest
from stillroom.kinds.kind_contract import KindContract

PREFIX = "stillroom."

# The module with the table of each group. Only the checks of the configuration look one up here:
# they must know every kind without importing it, so that a stage depends on its own kinds alone.
HOMES: Mapping[str, str] = {
    "teachers": "stillroom.teachers.teacher_registry",
    "sparsifiers": "stillroom.softlabels.sparsify.sparsifier_registry",
    "terms": "stillroom.objectives.term_registry",
    "architectures": "stillroom.models.architecture_registry",
    "sources": "stillroom.data.sources.source_registry",
    "exports": "stillroom.export.export_registry",
    "sections": "stillroom.reporting.section_registry",
}
TABLE = "REGISTRY"

Kind = TypeVar("Kind")


class Registry(Generic[Kind]):
    """The kinds of one thing, by name."""

    def __init__(
        self, group: str, noun: str, builtin: Mapping[str, str], contract: KindContract
    ) -> None:
        """Take the table of the kinds that are built in.

        Args:
            group: the name of the group; packages use the entry point group `stillroom.<group>`.
            noun: what a kind is called in errors, with its article: "a teacher".
            builtin: name -> "module:attribute".
            contract: what each kind must be.
        """
        self.group, self.noun, self.builtin = group, noun, dict(builtin)
        self.contract = contract

    @cached_property
    def plug_ins(self) -> dict[str, EntryPoint]:
        """The entry points of installed packages, by name.

        Raises:
            ConfigError: two packages give one name, or one has the name of a built-in kind.
        """
        by_name: dict[str, EntryPoint] = {}
        for entry in entries_of(self.group):
            other = by_name.get(entry.name)
            if entry.name in self.builtin or (other is not None and other.value != entry.value):
                owner = "Stillroom" if other is None else package_of(other)
                raise ConfigError(
                    f"{package_of(entry)} and {owner} both have {self.noun} named {entry.name}. "
                    "Uninstall one of them, or rename the entry point."
                )
            by_name[entry.name] = entry
        return by_name

    def __iter__(self) -> Iterator[str]:
        """Yield the names: those built in, then those of packages."""
        yield from self.builtin
        yield from sorted(self.plug_ins)

    def __contains__(self, name: object) -> bool:
        """Return whether there is a kind of this name."""
        return name in self.builtin or name in self.plug_ins

    def require(self, name: str, key: str) -> None:
        """Refuse an unknown name.

        Args:
            name: the name of a kind.
            key: the parameter that names it.

        Raises:
            ConfigError: there is no kind of this name.
        """
        if name not in self:
            raise ConfigError(f"{key} is {name}, which is not {self._wrong(name)}")

    def _wrong(self, name: str) -> str:
        names = list(self)
        return f"{self.noun}.{nearest(name, names)} Allowed: {', '.join(names)}."

    def load(self, name: str) -> Kind:
        """Return the kind of this name, and import its module if that was not done yet.

        Raises:
            ConfigError: there is no kind of this name, its package cannot be imported, or what the
                package gives is not such a kind.
        """
        if name not in self:
            raise ConfigError(f"{name} is not {self._wrong(name)} A package may be missing.")
        kind, owner = self._import(name)
        self.contract.require(kind, name, f"{owner}: {name} is registered as {self.noun}")
        return kind

    def _import(self, name: str) -> tuple[Kind, str]:
        """Return a kind before it is checked, and the name of its package."""
        if name in self.builtin:
            module, _, attribute = self.builtin[name].partition(":")
            return getattr(import_module(module), attribute), "Stillroom"
        entry = self.plug_ins[name]
        try:
            return entry.load(), package_of(entry)
        except Exception as error:  # code of another package may raise anything
            raise ConfigError(
                f"{package_of(entry)} cannot be imported, which gives {self.noun} named {name}: "
                f"{type(error).__name__}: {' '.join(str(error).split())}. Install what it needs, "
                "or uninstall it."
            ) from error


def package_of(entry: EntryPoint) -> str:
    """Return the name of the package that an entry point belongs to, with its version."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.module


def registry_of(group: str) -> Registry[Any]:
    """Return the table of a group, by its name."""
    table: Registry[Any] = getattr(import_module(HOMES[group]), TABLE)
    return table


def entries_of(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of installed packages in the group `stillroom.<group>`."""
    return tuple(_installed(tuple(sys.path)).select(group=PREFIX + group))


@lru_cache(maxsize=4)
def _installed(path: tuple[str, ...]) -> Any:
    """Return all entry points of the packages on a path.

    They are read once: a scan of 200 packages takes 10 ms, and a run would need 23 of them.
    """
    return entry_points()
