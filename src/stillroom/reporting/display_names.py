"""Display names: a class or a model in, a printable name that fits on the page out."""

from stillroom.io.printable import printable

# In a figure, and in a sentence.
LONGEST = 18
LONGEST_IN_TEXT = 60

TITLES = {
    "teacher": "Teacher",
    "control": "Student alone",
    "student": "Student, distilled",
    "full_logits": "Student of full logits",
}


def short(name: str, longest: int = LONGEST) -> str:
    """Return `name`, printable and at most `longest` letters long.

    Names of classes often begin alike, so "…" stands for letters before the last third.
    """
    text, end = printable(name), longest // 3
    return text if len(text) <= longest else f"{text[: longest - end - 1]}…{text[-end:]}"


def title(model: str) -> str:
    """Return the title of a model on the page; a model without a title keeps its name."""
    return TITLES[model] if model in TITLES else short(model)
