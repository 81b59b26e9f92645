"""The rule of numbers: the last number of the answer is the last number of the reference.

    "It costs $1,250.50 in all." ──last_number──> 2501/2
    "3/4", "1 1/2", "2½", "-7", "1e3", "50%", "18 km" ──> 3/4, 3/2, 5/2, -7, 1000, 50, 18

Numbers are compared exactly, as fractions. A comma between groups of three digits separates
thousands, so do the narrow blanks of typesetters; a point begins the decimals. Units, currencies
and the percent sign are left out, and nothing is converted. Digits inside a word are no number, nor
is "3,5", which some write for 3.5 and others for 3 and 5.
"""

import re
from fractions import Fraction
from unicodedata import normalize, numeric

from stillroom.evaluation.answers.answer_rule import AnswerRule

LONGEST = 100  # digits; Python refuses to read more than 4,300
_GAP = r"[,\u00a0\u2009\u202f]"
_WHOLE = rf"(?:[0-9]{{1,3}}(?:{_GAP}[0-9]{{3}})+(?![0-9])|[0-9]+)"
_NUMBER = re.compile(
    rf"(?<![\w.,/])(?P<sign>[-+])?(?:"
    rf"(?:(?P<mixed>[0-9]+)\ )?(?P<top>{_WHOLE})\ ?/\ ?(?P<bottom>[0-9]+)"
    rf"|(?P<plain>{_WHOLE}?(?:\.[0-9]+)?)(?:[eE](?P<power>[-+]?[0-9]{{1,3}}))?"
    rf")(?![0-9]|[.,/][0-9]|[eE][-+]?[0-9])",
)
_LATEX = re.compile(r"\\[dt]?frac\{([0-9]+)\}\{([0-9]+)\}")
_SIGN_AFTER = re.compile(r"[\w)]")  # 5-3 and (1)-2 are differences
_CURRENCY = re.compile(r"[$€£¥](?=[.\d])")


class Number(AnswerRule):
    """The last numbers are equal."""

    words = (
        "the last number of the answer equals the last one of the reference: 1,000 and 1000 and "
        "1e3 are equal, so are 0.5 and 1/2; units are left out, not converted"
    )

    def expected(self, reference: str) -> Fraction | None:
        """Return the last number; None if there is none."""
        return last_number(reference)

    def is_right(self, answer: str, expected: Fraction) -> bool:
        """Tell whether the last number of the answer is the same."""
        return last_number(answer) == expected


def last_number(text: str) -> Fraction | None:
    """Return the last number in a text, None if there is none."""
    line = _readable(text)
    found = None
    for match in _NUMBER.finditer(line):
        value = _value(match)
        if value is not None:
            before = line[max(0, match.start() - 1) : match.start()]
            is_minus = match["sign"] == "-" and not _SIGN_AFTER.match(before)
            found = -value if is_minus else value
    return found


def _readable(text: str) -> str:
    """Return a text with fractions written with a slash, the minus as -, and ASCII digits."""
    letters = (
        f" {normalize('NFKC', one)}" if normalize("NFKC", one).count("\u2044") else one
        for one in _LATEX.sub(r" \1/\2", text)
    )
    plain = "".join(letters).replace("\u2044", "/").replace("\u2212", "-")
    digits = (str(int(numeric(one))) if one.isdecimal() else one for one in plain)
    return _CURRENCY.sub("", "".join(digits))


def _value(match: re.Match[str]) -> Fraction | None:
    """Return the value of a number; None if it has no digit, or too many."""
    if not 0 < sum(one.isdigit() for one in match[0]) <= LONGEST:
        return None
    if match["top"] is not None:
        top, bottom = _whole(match["top"]), int(match["bottom"])
        return Fraction(match["mixed"] or 0) + Fraction(top, bottom) if bottom else None
    if not any(one.isdigit() for one in match["plain"]):
        return None
    whole, _, decimals = match["plain"].partition(".")
    value = Fraction(f"{_whole(whole or '0')}.{decimals or '0'}")
    return value * Fraction(10) ** int(match["power"] or 0)


def _whole(digits: str) -> int:
    return int(re.sub(_GAP, "", digits))
