"""Names: whatever a class is called in, something that fits on a page out."""

LONGEST = 18

TITLES = {
    "teacher": "Teacher",
    "control": "Student alone",
    "student": "Student, distilled",
}


def printable(text: str) -> str:
    """Return `text` with each control character replaced, since XML has no way to write them."""
    unknown = "\N{REPLACEMENT CHARACTER}"
    return "".join(letter if letter.isprintable() else unknown for letter in text)


def short(name: str) -> str:
    """Return `name`, printable and at most `LONGEST` letters long; "…" stands for the rest."""
    text = printable(name)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def title(model: str) -> str:
    """Return what the page calls a model; one that it has no title for keeps its name."""
    return TITLES[model] if model in TITLES else short(model)
