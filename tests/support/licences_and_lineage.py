"""Licences and a lineage of teachers for tests."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from stillroom.reporting.provenance.lineage import Ancestor, Captured, Lineage, Source
from stillroom.teachers.licences.licence_document import Licence, TeacherLicence

OWN = TeacherLicence(
    teacher="member_0",
    hub_id=None,
    identifier=None,
    name="none of others",
    verdict="allowed",
    says="it was trained here, from scratch",
    source="teacher.source",
    conditions=(),
    layers=(),
    student=None,
    link=None,
    read_from="trained here",
)


def own_licence(teachers: int) -> Licence:
    """Return the licence of this many teachers that were trained here."""
    return Licence(teachers=tuple(replace(OWN, teacher=f"member_{n}") for n in range(teachers)))


def given_licence(**changes: Any) -> Licence:
    """Return the licence of one given teacher; the default is Apache's."""
    values = {"teacher": "big", "identifier": "apache-2.0", "name": "Apache License 2.0"}
    return Licence(teachers=(replace(OWN, **(values | {"read_from": "model card"} | changes)),))


# As after a run with many parameters: a long line without a place to break it.
LONG = ",".join(f"section_{at}.parameter={at}" for at in range(12))


def a_lineage(**changes: Any) -> Lineage:
    """Return a lineage in which each hash is one repeated letter."""
    values: dict[str, Any] = {
        "student": "a" * 64,
        "name": "default",
        "soft_labels": "b" * 64,
        "labels": "c" * 64,
        "captures": (Captured(fingerprint="d" * 64, teachers=("e" * 64,)),),
        "teachers": (an_ancestor(),),
        "examples": "1" * 64,
        "encoder": "2" * 64,
        "data": Source(kind="digits", path=None, files=2, content="3" * 64),
        "parameters": "4" * 64,
        "command": f"kedro run --pipeline=distill --params={LONG}",
    }
    return Lineage(**(values | changes))


def an_ancestor(**changes: Any) -> Ancestor:
    """Return a teacher under Apache's licence."""
    values: dict[str, Any] = {
        "name": "big",
        "hub_id": None,
        "weights": "e" * 64,
        "licence": "apache-2.0",
        "verdict": "allowed",
        "acknowledged": None,
    }
    return Ancestor(**(values | changes))


def write_card(folder: Path, front: str, body: str = "# A model\n") -> Path:
    """Write a model card whose front matter is the given YAML; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "README.md"
    path.write_text(f"---\n{front}\n---\n\n{body}", encoding="utf-8")
    return path
