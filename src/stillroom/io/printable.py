"""Printable text: anything in, text out that a terminal, a page or a card shows as it is.

Names of classes, names of files and cells of tables come from outside. Control characters among
them can move a terminal's cursor, write its clipboard or hide text; marks of direction and of no
width can make one text look like another.
"""

from unicodedata import category

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
# The joiners are part of words in Persian and Indic scripts, and of emoji.
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
SPACE = "Zs"  # the category of every kind of space, for example the ideographic one
LINES = "\n\t"
LONGEST_MESSAGE = 1800  # characters; a name that someone gives can have 100,000


def printable(text: str) -> str:
    """Return `text` on one line, with each character replaced that is not printable."""
    if text.isprintable():
        return text
    return "".join(letter if _is_shown(letter) else UNKNOWN for letter in text)


def printable_lines(text: str) -> str:
    """Return `text` likewise, with its line breaks and tabs."""
    if text.isprintable():
        return text
    return "".join(one if one in LINES or _is_shown(one) else UNKNOWN for one in text)


def printable_message(text: str) -> str:
    """Return `text` likewise, its further lines indented: no file name can pass for a message.

    Of a very long one the middle is left out, since the way out stands at the end.
    """
    if len(text) > LONGEST_MESSAGE:
        text = f"{text[: LONGEST_MESSAGE // 2]} … {text[-LONGEST_MESSAGE // 2 :]}"
    return printable_lines(text).replace("\n", "\n  ")


def _is_shown(letter: str) -> bool:
    return letter.isprintable() or letter in JOINERS or category(letter) == SPACE
