"""Fingerprints: which teachers' answers these are, ingredient by ingredient.

    ingredients (name -> value) ──canonical JSON, SHA-256──> capture fingerprint (one teacher)
    captures + how they are combined + codec ──SHA-256──> set fingerprint

A reader states what it expects; `difference` prints the two side by side, so that a stale set is
refused with the reason.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from stillroom.errors import SoftLabelError
from stillroom.io.hashing import sha256_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Everything that one teacher's stored answers depend on."""

    weights: str
    architecture: str
    preprocessing: str
    dtype: str
    sparsifier: str
    k: str
    temperatures: tuple[float, ...]
    batch_size: int
    libraries: tuple[str, ...]
    device: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all ingredients, by name."""
        return sha256_json(asdict(self))


def set_fingerprint(captures: tuple[Capture, ...], combination: str, codec: str) -> str:
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
            "Run `kedro run --pipeline=teach` to make them anew."
        )
    lines = ["soft labels were made otherwise than is expected:"]
    for member, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        lines += [
            f"    member {member}: {line}" for line in difference(asdict(ours), asdict(theirs))
        ]
    lines.append("  Run `kedro run --pipeline=teach` to make them anew.")
    raise SoftLabelError("\n".join(lines))


def difference(found: Mapping[str, object], expected: Mapping[str, object]) -> list[str]:
    """Return a line for each ingredient that differs, and one for how many are equal."""
    differing = [name for name in expected if found.get(name) != expected[name]]
    lines = [f"{name}  {found.get(name)}  (expected {expected[name]})" for name in differing]
    return [*lines, f"{len(expected) - len(differing)} of {len(expected)} ingredients are equal"]
