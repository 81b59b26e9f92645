"""Fingerprints: identify a capture and a set by everything that they depend on.

    ingredients (name -> value) ──canonical JSON, SHA-256──> capture fingerprint (one teacher)
    captures + combination + codec ──SHA-256──> set fingerprint

A reader states which captures it expects. If they differ, `require_same` refuses the set, and the
error lists each different ingredient with both values.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import PlainValidator
from pydantic.dataclasses import dataclass

from stillroom.errors import SoftLabelError
from stillroom.io.files.hashing import sha256_json
from stillroom.io.json.validated_json import STRICT
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.pooled_features import NONE, Kept
from stillroom.softlabels.format.sparsifier_values import sparsifier_of
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

# Increase it if equal logits and keys are stored differently than before.
METHOD = "sparsify-2"
RERUN = "Run `kedro run --pipeline=capture` to capture them again."


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Capture:
    """Everything that the stored answers of one teacher depend on.

    Attributes:
        weights, architecture, preprocessing: SHA-256 of each. If several teachers were combined at
            capture, theirs are joined by "+".
        ensemble: how these were combined; None for a single teacher.
        features: `pooled` if the mean of the last hidden states is kept, `pooled_pieces` if that
            of each piece of a pack is, else `none`.
        augmentation: what makes a view of an input, with its seed; "none" without augmentation.
        dtype: the type in which the teacher computes.
        sparsifier: the sparsifier with its parameters.
        seed: the seed of the sparsifier's draws.
        batch_size: the fixed size of a batch in a forward pass; a row's last bits depend on it.
        libraries: names and versions.
        device: the kind of device.
        method: version of the code that draws, selects and rounds; and how the teacher answers, if
            not as usual.
    """

    weights: str
    architecture: str
    preprocessing: str
    augmentation: str
    dtype: str
    sparsifier: Annotated[Sparsifier, PlainValidator(sparsifier_of)]
    seed: int
    batch_size: int
    libraries: tuple[str, ...]
    device: str
    ensemble: Combination | None = None
    features: Kept = NONE
    method: str = METHOD

    @property
    def teachers(self) -> list[str]:
        """The SHA-256 of each teacher's weights."""
        return self.weights.split("+")

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all ingredients, by name.

        The number of samples enters under its old name, so that captures from before manifest
        format 4 keep their fingerprint.
        """
        values = self.ingredients()
        if "sparsifier.samples" in values:
            values["sparsifier.draws"] = values.pop("sparsifier.samples")
        return sha256_json(values)

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


def require_same(actual: tuple[Capture, ...], expected: tuple[Capture, ...]) -> None:
    """Refuse soft labels whose captures are not the expected ones.

    Raises:
        SoftLabelError: the error has one line per different ingredient, with both values.
    """
    if actual == expected:
        return
    if len(actual) != len(expected):
        raise SoftLabelError(
            f"soft labels were made by {len(actual)} teachers, but {len(expected)} are expected. "
            f"{RERUN}"
        )
    lines = ["these soft labels are not the expected ones:"]
    for member, (ours, theirs) in enumerate(zip(actual, expected, strict=True)):
        lines += [
            f"    member {member}: {line}"
            for line in difference(ours.ingredients(), theirs.ingredients())
        ]
    lines.append(f"  {RERUN}")
    raise SoftLabelError("\n".join(lines))


def difference(actual: Mapping[str, object], expected: Mapping[str, object]) -> list[str]:
    """Return a line for each different ingredient, and a line with the number of equal ones."""
    names = list(dict.fromkeys([*actual, *expected]))
    different = [
        name
        for name in names
        if name not in actual or name not in expected or actual[name] != expected[name]
    ]
    lines = [
        f"{name}  {actual.get(name, 'absent')}  (expected {expected.get(name, 'absent')})"
        for name in different
    ]
    return [*lines, f"{len(names) - len(different)} of {len(names)} ingredients are equal"]
