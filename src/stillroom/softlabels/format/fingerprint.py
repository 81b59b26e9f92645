"""Fingerprints: which teachers' answers these are, ingredient by ingredient.

    ingredients (name -> value) ──canonical JSON, SHA-256──> capture fingerprint (one teacher)
    captures + how they are combined + codec ──SHA-256──> set fingerprint

A reader states what it expects; `difference` prints the two side by side, so that a stale set is
refused with the reason.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from stillroom.errors import SoftLabelError
from stillroom.io.files.hashing import sha256_json
from stillroom.softlabels.format.combination import Combination
from stillroom.softlabels.sparsify.sparsifiers import Sparsifier

_STRICT = ConfigDict(extra="forbid", strict=True)
# Raise it when equal logits and keys would be kept otherwise than before.
METHOD = "sparsify-2"
AGAIN = "Run `kedro run --pipeline=capture` to make them anew."


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Capture:
    """Everything that one teacher's stored answers depend on.

    Attributes:
        weights, architecture, preprocessing: SHA-256 of each; of teachers that were combined at
            capture, theirs joined by "+".
        ensemble: how these were combined; None of a single teacher.
        features: what of its hidden states is kept: the last ones' mean (pooled), or none.
        augmentation: what makes a view of an input, with its seed; "none" where there is none.
        dtype: in which the teacher computes.
        sparsifier: what is kept, with its parameters.
        seed: of the sparsifier's draws.
        batch_size: the fixed shape of a forward pass, which a row's last bits depend on.
        libraries: names and versions.
        device: the kind of device.
        method: version of the code that draws, selects and rounds.
    """

    weights: str
    architecture: str
    preprocessing: str
    augmentation: str
    dtype: str
    sparsifier: Annotated[Sparsifier, Field(discriminator="kind")]
    seed: int
    batch_size: int
    libraries: tuple[str, ...]
    device: str
    ensemble: Combination | None = None
    features: Literal["none", "pooled"] = "none"
    method: str = METHOD

    @property
    def teachers(self) -> list[str]:
        """The SHA-256 of each teacher's weights."""
        return self.weights.split("+")

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all ingredients, by name."""
        return sha256_json(self.ingredients())

    def ingredients(self) -> dict[str, Any]:
        """Return every ingredient by name, the sparsifier's parameters as `sparsifier.name`."""
        values: dict[str, Any] = asdict(self)
        sparsifier = values.pop("sparsifier")
        return values | {f"sparsifier.{name}": value for name, value in sparsifier.items()}


def set_fingerprint(captures: tuple[Capture, ...], combination: object, codec: str) -> str:
    """Return the fingerprint of a set: its captures in order, their combination, the codec."""
    return sha256_json(
        {
            "captures": [capture.fingerprint for capture in captures],
            "combination": combination,
            "codec": codec,
        }
    )


def require_same(found: tuple[Capture, ...], expected: tuple[Capture, ...]) -> None:
    """Refuse soft labels that other teachers made.

    Raises:
        SoftLabelError: with the two side by side, one line per ingredient that differs.
    """
    if found == expected:
        return
    if len(found) != len(expected):
        raise SoftLabelError(
            f"soft labels were made by {len(found)} teachers, and {len(expected)} are expected. "
            f"{AGAIN}"
        )
    lines = ["soft labels were made otherwise than is expected:"]
    for member, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        lines += [
            f"    member {member}: {line}"
            for line in difference(ours.ingredients(), theirs.ingredients())
        ]
    lines.append(f"  {AGAIN}")
    raise SoftLabelError("\n".join(lines))


def difference(found: Mapping[str, object], expected: Mapping[str, object]) -> list[str]:
    """Return a line for each ingredient that differs, and one for how many are equal."""
    names = list(dict.fromkeys([*found, *expected]))
    differing = [
        name
        for name in names
        if name not in found or name not in expected or found[name] != expected[name]
    ]
    lines = [
        f"{name}  {found.get(name, 'absent')}  (expected {expected.get(name, 'absent')})"
        for name in differing
    ]
    return [*lines, f"{len(names) - len(differing)} of {len(names)} ingredients are equal"]
