"""Creative Commons licences: BY, with SA, NC, ND, of every version that the Hub knows.

They cover copies of a work and works adapted from it. It is legally open whether a student that was
trained on answers is an adapted work, so each entry says what applies if it is.
"""

from stillroom.teachers.licences.terms import Terms

_VERSIONS = {
    "by": ("2.0", "2.5", "3.0", "4.0"),
    "by-sa": ("3.0", "4.0"),
    "by-nc": ("2.0", "3.0", "4.0"),
    "by-nc-sa": ("2.0", "3.0", "4.0"),
    "by-nd": ("4.0",),
    "by-nc-nd": ("3.0", "4.0"),
}
_SECTIONS = {"4.0": "sections 2(a) and 3"}  # in earlier versions: sections 3 and 4
_CREDIT = "Name the teacher, its authors and its licence, and say that it was changed."
_NONCOMMERCIAL = "Run the teacher, and use and share the student, only for noncommercial purposes."
_SHARE_ALIKE = "Share the student, if it counts as adapted, only under the same licence."
_NO_DERIVATIVES = "Do not share the student, if it counts as adapted: such works are for yourself."


def _terms(kind: str, version: str) -> Terms:
    parts = kind.split("-")
    conditions = [_CREDIT]
    conditions += [_NONCOMMERCIAL] if "nc" in parts else []
    conditions += [_SHARE_ALIKE] if "sa" in parts else []
    conditions += [_NO_DERIVATIVES] if "nd" in parts else []
    binding = {"nc", "sa"} & set(parts) and "nd" not in parts
    return Terms(
        name=f"Creative Commons {kind.upper()} {version}",
        verdict="conditions",
        says="it covers works adapted from the model, and may cover a student as one of them",
        source=f"version {version}, {_SECTIONS.get(version, 'sections 3 and 4')}",
        conditions=tuple(conditions),
        student=f"cc-{kind}-{version}" if binding else None,
        link=f"https://creativecommons.org/licenses/{kind}/{version}/",
    )


CREATIVE_COMMONS: dict[str, Terms] = {
    f"cc-{kind}-{version}": _terms(kind, version)
    for kind, versions in _VERSIONS.items()
    for version in versions
}
