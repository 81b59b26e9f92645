"""Sparsifier request: what a configuration or a plan names, complete or not.

    section `softlabels` ──options_of──> options ──request──> SparsifierRequest
    SparsifierRequest ──pilot, if a number is missing──> Sparsifier

A sparsifier with all its numbers is a request as well, which completes itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar

from stillroom.errors import SoftLabelError
from stillroom.softlabels.sparsify.content import Content

if TYPE_CHECKING:
    from stillroom.softlabels.sparsify.pilot import Pilot
    from stillroom.softlabels.sparsify.sparsifier import Sparsifier

SECTION = "softlabels"


class SparsifierRequest(ABC):
    """A sparsifier that may lack a number which a pilot finds.

    Attributes:
        content: what its stored labels are.
        temperature_option: the option with the temperature (`temperature`) or the temperatures
            (`temperatures`) at which the labels can be read; None: at any temperature.
    """

    content: ClassVar[Content]
    temperature_option: ClassVar[str | None] = "temperature"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse an option with the name of a method, which would become its default.

        Raises:
            TypeError: names the option.
        """
        super().__init_subclass__(**kwargs)
        for name, annotation in vars(cls).get("__annotations__", {}).items():
            is_option = "ClassVar" not in str(annotation) and name != "kind"
            if is_option and any(name in vars(base) for base in cls.__mro__[1:]):
                raise TypeError(f"{cls.__name__}.{name} is a name of the interface. Rename it.")

    @property
    @abstractmethod
    def kind(self) -> str:
        """The name of the kind, as in the registry."""

    @property
    @abstractmethod
    def complete(self) -> "Sparsifier | None":
        """The complete sparsifier; None if a pilot must find a number first."""

    @property
    @abstractmethod
    def stand_in(self) -> "Sparsifier":
        """A complete sparsifier of this kind, for checks that do not depend on the number."""

    @abstractmethod
    def is_met_by(self, sparsifier: "Sparsifier") -> bool:
        """Return whether a sparsifier is the requested one, regardless of the missing number."""

    @abstractmethod
    def solved(self, pilot: "Pilot") -> "Sparsifier":
        """Return the complete sparsifier.

        Raises:
            SoftLabelError: no number fits the pilot.
        """

    @abstractmethod
    def expected(self, captured: "Sparsifier") -> "Sparsifier":
        """Return the sparsifier that is expected of a set that was captured with `captured`."""

    def solution(self, sparsifier: "Sparsifier") -> str:
        """Describe in words what a pilot solved."""
        return f"{sparsifier}"

    def ambiguity(self, sparsifiers: "Sequence[Sparsifier]") -> str:
        """Say which earlier captures meet this request, and what to set to choose one."""
        return (
            f"the store has captures of this teacher with {', '.join(map(str, sparsifiers))}. "
            f"Set the options of {SECTION}.sparsifier={self.kind} to those of one of them."
        )

    @property
    def readable_at(self) -> tuple[float, ...] | None:
        """The temperatures at which the labels can be read; None: at any temperature."""
        if self.temperature_option is None:
            return None
        value = getattr(self, self.temperature_option)
        return tuple(value) if isinstance(value, Sequence) else (value,)

    @property
    def own_temperature(self) -> float:
        """A temperature at which the stored weights are defined; 1 if that is possible."""
        captured = self.readable_at
        return 1.0 if captured is None or 1.0 in captured else captured[0]

    def require_readable(self, temperature: float) -> None:
        """Refuse a temperature at which the labels cannot be read.

        Raises:
            SoftLabelError: names the temperatures that can be read, and what to do.
        """
        captured = self.readable_at
        if captured is None or temperature in captured:
            return
        listed = ", ".join(f"{t:g}" for t in captured)
        option, capture = f"{SECTION}.{self.temperature_option}", "`kedro run --pipeline=capture`"
        if self.content is Content.ESTIMATE:
            raise SoftLabelError(
                f"these soft labels are unbiased at temperature {listed}, but not at "
                f"{temperature:g}. Set objective.temperature={listed}, or "
                f"{option}={temperature:g} and run {capture}."
            )
        add = "add it to" if self.temperature_option == "temperatures" else "write it in"
        raise SoftLabelError(
            f"temperature {temperature:g} was not captured with these truncated soft labels. "
            f"Use one of {listed}, or {add} {option} and run {capture}."
        )

    @property
    def size(self) -> float | None:
        """The number that a plan shows after the name of the kind; None: there is none."""
        return None

    @property
    def label(self) -> str:
        """The name and the number, for a table."""
        return self.kind if self.size is None else f"{self.kind} {self.size:g}"

    @property
    def description(self) -> str:
        """What is kept of a distribution, in words."""
        return self.label

    def params(self, section: Mapping[str, Any]) -> dict[str, object]:
        """Return the parameters, without the temperatures, that make a run use this request.

        Args:
            section: the present values of the section `softlabels`.
        """
        apart = ("kind", self.temperature_option)
        names = [name for name in field_names(self) if name not in apart]
        return {f"{SECTION}.{name}": getattr(self, name) for name in names}


def field_names(request: SparsifierRequest) -> list[str]:
    """Return the names of the fields of a request, which is a dataclass."""
    return [field.name for field in fields(request)]  # type: ignore[arg-type]
