"""Checks of the sparsifier: its options, and what the objective and the teachers require of it.

A sparsifier declares what its labels are and at which temperatures they can be read. The checks
read that, so a sparsifier of another package is checked as those that are built in.
"""

from collections.abc import Mapping
from typing import Any

from stillroom.config.kind_options import options_of, require_declared
from stillroom.config.schema import SoftLabels
from stillroom.errors import ConfigError
from stillroom.registry import registry_of

SECTION = "softlabels"


def sparsifier_request(labels: Mapping[str, Any]) -> Any:
    """Return the sparsifier that the section `softlabels` names, a `SparsifierRequest`.

    Raises:
        ConfigError: there is no sparsifier of this name, or one of its options is not allowed, or
            the section has a key that neither it nor the sparsifier declares.
    """
    registry = registry_of("sparsifiers")
    registry.require(labels["sparsifier"], f"{SECTION}.sparsifier")
    options = registry.load(labels["sparsifier"]).options()
    require_declared(labels, SoftLabels, options, SECTION)
    return options_of(labels, options, SECTION).request()


def check_head(term: str, request: Any) -> None:
    """Check that the labels have what a term compares: the head, and the mass of the tail."""
    if not request.content.has_head:
        raise ConfigError(
            f"objective.terms.{term} needs the most probable entries and the mass of the "
            f"tail, but {request.kind} soft labels do not store these. Set groups.softlabels=topk "
            "or full."
        )


def check_temperature(temperature: float, words: str, request: Any) -> None:
    """Check that the soft labels can be read at the temperature of the loss.

    Args:
        temperature: the one that the loss needs.
        words: say in an error what needs it.
        request: the sparsifier.
    """
    captured, kind = request.readable_at, request.kind
    if captured is None or temperature in captured:
        return
    if request.temperature_option == "temperatures":
        raise ConfigError(
            f"{words} {temperature}, but {kind} soft labels are stored only for the temperatures "
            f"{', '.join(map(str, captured))}. Add it to softlabels.temperatures, or set "
            "groups.softlabels=full."
        )
    what = "stored only for" if request.content.has_head else "unbiased only at"
    raise ConfigError(
        f"{words} {temperature}, but {kind} soft labels are {what} "
        f"{SECTION}.{request.temperature_option}={captured[0]}. Set both to one value, or set "
        "groups.softlabels=full."
    )


def check_ensemble(members: int, labels: Mapping[str, Any], request: Any) -> None:
    """Check that the stored answers of several teachers can be combined."""
    if members == 1 or labels["combine"] == "capture":
        return
    if labels["mean"] not in request.content.means:
        raise ConfigError(
            f"The mean {labels['mean']} of {members} teachers cannot be computed exactly from "
            f"{request.kind} soft labels. Set softlabels.combine=capture, groups.softlabels=full, "
            "or teacher.members=1."
        )
