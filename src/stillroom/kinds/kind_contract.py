"""Kind contract: what the kinds of one registry must be, checked when a kind is loaded.

    kind, its name ──KindContract.require──> ConfigError, in one line, that names the package

Code of another package may be anything: a function, a class without its decorator, a class that
lacks a method. Without this check that would be a traceback of Stillroom's own code.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from importlib import import_module
from typing import Any

from stillroom.errors import ConfigError

DECORATOR = "@pydantic.dataclasses.dataclass(frozen=True, kw_only=True)"
LONGEST = 80  # characters of what a package gives, as an error shows it


@dataclass(frozen=True, slots=True)
class KindContract:
    """What a kind must be.

    Attributes:
        base: "module:attribute", the class that it is a subclass of; imported with the first kind.
        is_instance: a kind is an instance of `base`, not a subclass.
        options: returns the class of a kind's options, which must be a dataclass; None: a kind has
            no options.
        own_name: the attribute or field in which a kind repeats its name, if it does.
    """

    base: str
    is_instance: bool = False
    options: Callable[[Any], object] | None = None
    own_name: str | None = None

    def require(self, kind: object, name: str, what: str) -> None:
        """Refuse a kind that is not what the registry's other code relies on.

        Args:
            kind: what an entry of the registry names.
            name: the name of the entry.
            what: say in an error what it is registered as, and by which package.

        Raises:
            ConfigError: says what is wrong, and what is expected.
        """
        problem = next(self._problems(kind, name), None)
        if problem is not None:
            raise ConfigError(f"{what}, but {problem}")

    def _problems(self, kind: object, name: str) -> Iterator[str]:
        """Yield what is wrong; each check relies on those before it."""
        module, _, attribute = self.base.partition(":")
        base: type = getattr(import_module(module), attribute)
        expected = f"{module}.{attribute}"
        if self.is_instance:
            if not isinstance(kind, base):
                yield f"it is {_shown(kind)}. Register an instance of {expected}."
        elif not isinstance(kind, type) or not issubclass(kind, base):
            yield f"it is {_shown(kind)}. Register a subclass of {expected}."
        elif absent := _absent(kind):
            yield f"{kind.__name__} does not define {', '.join(absent)}. {expected} describes it."
        if self.options is not None:
            try:
                options = self.options(kind)
            except Exception as error:  # code of another package may raise anything
                options = error
            yield from _problems_of_options(options)
        own = None if self.own_name is None else _value(kind, self.own_name)
        if self.own_name is not None and own != name:
            yield f"its {self.own_name} is {own!r}. Give the entry point and it the same name."


def _absent(kind: type) -> list[str]:
    """Return the methods and class attributes that the bases declare and nobody defines."""
    methods: frozenset[str] = getattr(kind, "__abstractmethods__", frozenset())
    attributes = [
        name
        for one in kind.__mro__
        for name, annotation in _annotations(one).items()
        if _is_class_attribute(annotation) and not hasattr(kind, name)
    ]
    return sorted({*methods, *attributes})


def _problems_of_options(options: object) -> Iterator[str]:
    """Yield what is wrong with the class of a kind's options."""
    if not isinstance(options, type):
        yield f"its options are {_shown(options)}. They must be a class with {DECORATOR}."
    elif not is_dataclass(options):
        yield f"its options, {options.__name__}, are no dataclass. Decorate it: {DECORATOR}."
    else:
        known = {field.name for field in fields(options)}
        for name, annotation in _annotations(options).items():
            if name not in known and not _is_class_attribute(annotation):
                yield (
                    f"{name} of {options.__name__} is no field of a dataclass. Decorate the class: "
                    f"{DECORATOR}."
                )


def _annotations(one: type) -> dict[str, Any]:
    """Return a class's own annotations, some of which may be strings."""
    own: dict[str, Any] = vars(one).get("__annotations__", {})
    return own


def _is_class_attribute(annotation: object) -> bool:
    return "ClassVar" in str(annotation)


def _value(kind: object, attribute: str) -> object:
    """Return an attribute of an instance, or the default of a class's field."""
    if isinstance(kind, type) and is_dataclass(kind):
        for field in fields(kind):
            if field.name == attribute:
                return None if field.default is MISSING else field.default
    return getattr(kind, attribute, None)


def _shown(value: object) -> str:
    """Return what a package gives, on one line and cut to a length."""
    name = f"the class {value.__qualname__}" if inspect.isclass(value) else repr(value)
    return " ".join(name.split())[:LONGEST]
