"""Provenance view: lineage and licences in, the list of ancestors and conditions out."""

from dataclasses import dataclass

from stillroom.reporting.provenance import lineage as lineages
from stillroom.reporting.provenance.lineage import Lineage
from stillroom.teachers.licences import licence_document as licences
from stillroom.teachers.licences.licence_document import TeacherLicence

Lines = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ProvenanceView:
    """What the template shows.

    Attributes:
        name: the name of the student.
        chain: the generations, the student first, each as (what it is, its description).
        command: the command that makes the student again.
        licences: the lines of the licence of each teacher, and of the model that the student
            starts from, as (what it is, its text); equal ones stand there once.
    """

    name: str
    chain: Lines
    command: str
    licences: tuple[Lines, ...]


def provenance_view(lineage: object, licence: object) -> ProvenanceView:
    """Return what the page shows.

    Raises:
        DataError: a document is malformed.
    """
    ancestry = lineages.from_json(lineage)
    teachers = licences.from_json(licence).teachers
    return ProvenanceView(
        name=ancestry.name,
        chain=lineages.chain(ancestry),
        command=ancestry.command,
        licences=(*_start_lines(ancestry), *dict.fromkeys(map(_licence_lines, teachers))),
    )


def _start_lines(ancestry: Lineage) -> tuple[Lines, ...]:
    if ancestry.start is None:
        return ()
    licence = ancestry.start.licence
    lines = [
        ("starts from", licence.hub_id or licence.teacher),
        ("licence", licence.name),
        *(("condition", condition) for condition in licence.layers),
        ("source", licence.source),
        ("read from", licence.read_from),
        ("acknowledged because", licence.acknowledged or ""),
    ]
    return (tuple((what, words) for what, words in lines if words),)


def _licence_lines(teacher: TeacherLicence) -> Lines:
    trained = teacher.read_from == "trained here"
    lines = [
        ("teacher", "trained here" if trained else teacher.hub_id or teacher.teacher),
        ("licence", teacher.name),
        ("training on its answers", f"{teacher.verdict}: {teacher.says}"),
        *(("condition", condition) for condition in teacher.conditions),
        ("source", teacher.source),
        ("read from", teacher.read_from),
    ]
    if teacher.acknowledged is not None:
        lines.append(("acknowledged because", teacher.acknowledged))
    return tuple((what, words) for what, words in lines if words)
