"""Provenance section: lineage and licences in, the list of ancestors and conditions out."""

from dataclasses import dataclass

from stillroom.reporting.provenance import lineage as lineages
from stillroom.teachers.licences import licence_document as licences
from stillroom.teachers.licences.licence_document import TeacherLicence

Lines = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What the template shows.

    Attributes:
        name: of the student.
        chain: the generations, student first: what, and its words.
        command: that makes it again.
        licences: of each teacher, lines of what and words; teachers alike stand once.
    """

    name: str
    chain: Lines
    command: str
    licences: tuple[Lines, ...]


def section(lineage: object, licence: object) -> Section:
    """Return what the page shows.

    Raises:
        DataError: a document is malformed.
    """
    ancestry = lineages.from_json(lineage)
    teachers = licences.from_json(licence).teachers
    return Section(
        name=ancestry.name,
        chain=lineages.chain(ancestry),
        command=ancestry.command,
        licences=tuple(dict.fromkeys(map(_licence_lines, teachers))),
    )


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
