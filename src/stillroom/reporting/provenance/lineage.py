"""Lineage: the ancestors of a student, each by hash.

    student <── soft-label set <── captures <── teachers
       ^──────── the pretrained model that it starts from, if any
                      └── examples <── data

Equal parts give equal bytes on every machine. The files that belong to a hash can be found: the
store and `manifest.json` name captures and sets, and DVC's lock file names every artifact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.data.notices import counted
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_json
from stillroom.io.json.validated_json import STRICT, checked
from stillroom.models.adapters.adapter_folder import AdapterSummary
from stillroom.softlabels.format.manifest import Manifest
from stillroom.teachers.licences.licence_document import Licence, TeacherLicence
from stillroom.teachers.licences.terms import Verdict

FORMAT: Literal["stillroom-lineage/1"] = "stillroom-lineage/1"
# Are left out where they are None, so that the lineages of other students keep their bytes.
OPTIONAL = ("start", "adapter")
SHOWN = 12  # of the 64 digits of a hash, on the page and the card
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Ancestor:
    """A teacher: its weights, and the licence that let it teach.

    Attributes:
        name: the name of its directory or on the Hub, or its number if it was trained here.
        hub_id: owner/name on the Hub; None where it is not known.
        weights: SHA-256 of its weights.
        licence: the identifier of its licence; None where it has no third-party licence, or where
            the licence is not known.
        verdict: whether the licence allows training on answers.
        acknowledged: the reason to use it nevertheless, where one was needed.
    """

    name: str
    hub_id: str | None
    weights: Sha256
    licence: str | None
    verdict: Verdict
    acknowledged: str | None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Beginning:
    """The pretrained model that the student starts from: SHA-256 of its weights, its licence."""

    weights: Sha256
    licence: TeacherLicence


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Captured:
    """One capture: its fingerprint, and the weights of the teachers whose answers it holds."""

    fingerprint: Sha256
    teachers: tuple[Sha256, ...]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Source:
    """The source of the examples.

    Attributes:
        kind: the value of data.source.
        path: the configured path, without the folders of this machine; None for data that come
            with a library.
        files: the number of files that were read.
        content: SHA-256 over the names and hashes of the files.
    """

    kind: str
    path: str | None
    files: int
    content: Sha256


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Lineage:
    """A student and its ancestors.

    Attributes:
        student: SHA-256 of the student's weights.
        name: the name of the student in the project.
        soft_labels: fingerprint of the set that the student was trained on.
        labels: SHA-256 over the set's shards, which identifies the labels to the bit.
        captures: the captures of the set, in order.
        teachers: the teachers, in order.
        examples: SHA-256 over the examples' files.
        encoder: SHA-256 of how an input becomes numbers.
        data: the source of the examples.
        parameters: SHA-256 over all parameters.
        command: the command that makes the student again, at the same commit of the project.
        start: the pretrained model that it starts from; None if there is none.
        adapter: what was trained beside the frozen weights; None if all weights were trained.
    """

    student: Sha256
    name: str
    soft_labels: Sha256
    labels: Sha256
    captures: tuple[Captured, ...]
    teachers: tuple[Ancestor, ...]
    examples: Sha256
    encoder: Sha256
    data: Source
    parameters: Sha256
    command: str
    start: Beginning | None = None
    adapter: AdapterSummary | None = None
    format: Literal["stillroom-lineage/1"] = FORMAT

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        values = asdict(self)
        return {
            name: value
            for name, value in values.items()
            if value is not None or name not in OPTIONAL
        }


def lineage(
    *,
    student: str,
    name: str,
    manifest: Manifest,
    weights: Sequence[str],
    licence: Licence,
    examples: str,
    encoder: str,
    data_report: Mapping[str, Any],
    parameters: Mapping[str, Any],
    command: str,
    start: Beginning | None = None,
    adapter: AdapterSummary | None = None,
) -> Lineage:
    """Return the lineage of a student.

    Args:
        student: SHA-256 of the student's weights.
        name: the name of the student.
        manifest: the manifest of the set that the student was trained on.
        weights: SHA-256 of each teacher's weights, in order.
        licence: the licences of the same teachers.
        examples: SHA-256 over the examples' files.
        encoder: SHA-256 of the examples' encoder.
        data_report: the report that ingest writes.
        parameters: all sections, as plain values.
        command: the command that makes the student again.
        start, adapter: what it starts from and was trained with.

    Raises:
        DataError: the parts belong to different teachers.
    """
    captures = _captured(manifest)
    _require_same_teachers(captures, weights, licence)
    return Lineage(
        student=student,
        name=name,
        soft_labels=manifest.fingerprint,
        labels=manifest.content,
        captures=captures,
        teachers=_ancestors(weights, licence),
        examples=examples,
        encoder=encoder,
        data=_source(data_report),
        parameters=sha256_json(parameters),
        command=command,
        start=start,
        adapter=adapter,
    )


def from_json(document: object) -> Lineage:
    """Return the lineage from its plain values.

    Raises:
        DataError: they are malformed; the message says where.
    """
    return checked(Lineage, document, "lineage.json", "evaluate")


def chain(ancestry: Lineage) -> tuple[tuple[str, str], ...]:
    """Return the generations for page and card as (what it is, its text), the student first."""
    source = ancestry.data
    of = f" of {source.path}" if source.path else ""
    return (
        (f"student {ancestry.name}", f"weights {_short(ancestry.student)}"),
        *_beginning(ancestry.start),
        *([("trained with adapter", ancestry.adapter.words())] if ancestry.adapter else []),
        (
            "trained on soft labels",
            f"set {_short(ancestry.soft_labels)}, labels {_short(ancestry.labels)}",
        ),
        *(("captured from teacher", _teacher_words(teacher)) for teacher in ancestry.teachers),
        (
            "captured for examples",
            f"{_short(ancestry.examples)}, encoded by {_short(ancestry.encoder)}",
        ),
        (
            "examples from data",
            f"{source.kind}{of}, {counted(source.files, 'file')}, {_short(source.content)}",
        ),
        ("with parameters", _short(ancestry.parameters)),
    )


def _beginning(start: Beginning | None) -> tuple[tuple[str, str], ...]:
    if start is None:
        return ()
    licence = start.licence
    name, terms = licence.hub_id or licence.teacher, licence.identifier or "licence unknown"
    return (("started from model", f"{name}, weights {_short(start.weights)}, {terms}"),)


def _teacher_words(teacher: Ancestor) -> str:
    licence = teacher.licence or "no third-party licence"
    if teacher.verdict == "unknown" and teacher.licence is None:
        licence = "licence unknown"
    return f"{teacher.hub_id or teacher.name}, weights {_short(teacher.weights)}, {licence}"


def _short(sha256: str) -> str:
    return sha256[:SHOWN]


def _captured(manifest: Manifest) -> tuple[Captured, ...]:
    return tuple(
        Captured(fingerprint=capture.fingerprint, teachers=tuple(capture.teachers))
        for capture in manifest.captures
    )


def _ancestors(weights: Sequence[str], licence: Licence) -> tuple[Ancestor, ...]:
    return tuple(
        Ancestor(
            name=teacher.teacher,
            hub_id=teacher.hub_id,
            weights=sha256,
            licence=teacher.identifier,
            verdict=teacher.verdict,
            acknowledged=teacher.acknowledged,
        )
        for sha256, teacher in zip(weights, licence.teachers, strict=True)
    )


def _source(report: Mapping[str, Any]) -> Source:
    files = report["files"]
    return Source(
        kind=report["source"], path=report["path"], files=len(files), content=sha256_json(files)
    )


def _require_same_teachers(
    captures: Sequence[Captured], weights: Sequence[str], licence: Licence
) -> None:
    captured = [one for capture in captures for one in capture.teachers]
    if captured != list(weights) or len(licence.teachers) != len(weights):
        raise DataError(
            f"the soft labels come from {len(captured)} teachers ({_few(captured)}), licence.json "
            f"names {len(licence.teachers)}, and the folder of the teachers holds {len(weights)} "
            f"({_few(weights)}). Run `kedro run --pipelines=teachers,capture,train` first."
        )


def _few(hashes: Sequence[str]) -> str:
    return ", ".join(map(_short, hashes[:3])) + (", …" if len(hashes) > 3 else "")
