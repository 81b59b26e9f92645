"""Open-source licences: they grant use for any purpose and do not restrict the answers of a model.

Their conditions apply to copies and modified versions: to a student that starts with layers of the
teacher, and not to a student that was only trained on its answers.
"""

from stillroom.teachers.licences.terms import Terms

_SILENT = "it grants use, copying and change, and says nothing of what a model answers"
_NOTICE = "Keep the teacher's copyright notice and a copy of its licence with the student."
_COPYLEFT = "The student is then a modified version, and is passed on only under the same licence."


def _silent(name: str, source: str, notice: str = _NOTICE) -> Terms:
    return Terms(name=name, verdict="allowed", says=_SILENT, source=source, layers=(notice,))


def _dedicated(name: str, source: str) -> Terms:
    return Terms(
        name=name, verdict="allowed", says="it gives up the rights as far as it can", source=source
    )


def _copyleft(name: str, section: str) -> Terms:
    return Terms(
        name=name,
        verdict="allowed",
        says="what a program answers is covered only where the answer is itself a copy of the work",
        source=section,
        layers=(_COPYLEFT,),
    )


_GPL_2, _GPL_3 = "version 2 (1991), section 0", "version 3 (2007), section 2"

OPEN_SOURCE: dict[str, Terms] = {
    "own": Terms(
        name="Your own model",
        verdict="allowed",
        says="whoever trained it needs nobody's leave",
        source="your word, by teacher.licence",
    ),
    "apache-2.0": _silent(
        "Apache License 2.0",
        "version 2.0 (2004), sections 2 and 4",
        "Keep the licence and the NOTICE file with the student, and say that it was changed.",
    ),
    "mit": _silent("MIT License", "its only paragraph"),
    "isc": _silent("ISC License", "its only paragraph"),
    "bsd": _silent("BSD license family", "the conditions of each"),
    "bsd-2-clause": _silent("BSD 2-Clause License", "both clauses"),
    "bsd-3-clause": _silent("BSD 3-Clause License", "the three clauses"),
    "bsd-3-clause-clear": _silent("BSD 3-Clause Clear License", "the three clauses"),
    "bsl-1.0": _silent("Boost Software License 1.0", "its only paragraph"),
    "ncsa": _silent("University of Illinois/NCSA License", "the three clauses"),
    "postgresql": _silent("PostgreSQL License", "its first paragraph"),
    "zlib": _silent("zlib License", "the three restrictions"),
    "ecl-2.0": _silent("Educational Community License 2.0", "sections 2 and 4"),
    "mpl-2.0": _silent("Mozilla Public License 2.0", "sections 2 and 3", _COPYLEFT),
    "openmdw-1.0": Terms(
        name="OpenMDW License 1.0",
        verdict="allowed",
        says="it says outright that it restricts no use of what a model answers",
        source="version 1.0 (2025), the paragraph on outputs",
        layers=(_NOTICE,),
    ),
    "unlicense": _dedicated("The Unlicense", "its first two paragraphs"),
    "wtfpl": _dedicated("WTFPL 2.0", "its only clause"),
    "cc0-1.0": _dedicated("CC0 1.0 Universal", "sections 2 and 3"),
    "gpl-2.0": _copyleft("GNU GPL 2", _GPL_2),
    "gpl-3.0": _copyleft("GNU GPL 3", _GPL_3),
    "agpl-3.0": _copyleft("GNU Affero GPL 3", _GPL_3),
    "lgpl-3.0": _copyleft("GNU Lesser GPL 3", f"version 3 (2007), by the GPL's {_GPL_3}"),
}
