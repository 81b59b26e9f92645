"""Label forms: labels that differ only in their form in; a notice, or joined labels, out.

    "cat" (60), "Cat " (3), "CAT" (1) ──same key──> keep: three classes, and a warning
                                                ──> join: one class, "cat"

The key of a label is its text in NFKC without case, without characters that have no width, and with
single blanks; of a number, its value.
"""

import logging
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import polars as pl

from stillroom.data.ingest.classes import natural_key
from stillroom.data.notices import Notice
from stillroom.data.raw_examples import RawExamples

Treatment = Literal["keep", "join"]
_LOG = logging.getLogger(__name__)
_NUMBER = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]+))?")
_MISSING = frozenset({"nan", "none", "null", "na", "n/a", "<na>", "nat", "nil"})
_GROUPS_SHOWN, _FORMS_SHOWN = 3, 4


def unified_labels(
    raw: RawExamples, treatment: Treatment, declared: Sequence[str] | None
) -> RawExamples:
    """Return the examples with notices of labels that are alike, which `join` makes one.

    Args:
        raw: the examples of a source.
        treatment: `data.normalise_labels`.
        declared: `data.classes`; a declared name is the one that is kept.
    """
    counts = dict(raw.frame["label"].drop_nulls().value_counts().sort("label").iter_rows())
    groups = _groups(counts, declared or ())
    notices = [*_missing(counts)]
    invisible = groups.pop("", [])
    alike = [names for names in groups.values() if len(names) > 1]
    renamed: dict[str, str | None] = dict.fromkeys(invisible)
    if invisible:
        words = (
            f"Labels of characters without width are no labels ({_count(invisible, counts)} rows)."
        )
        notices.append(Notice("converted", words))
    if alike:
        notices.append(_notice(alike, counts, treatment))
        _LOG.warning("%s", notices[-1].text)
    if treatment == "join":
        renamed |= {name: names[0] for names in alike for name in names[1:]}
    frame = raw.frame.with_columns(label=pl.col("label").replace(renamed)) if renamed else raw.frame
    return replace(raw, frame=frame, notices=(*raw.notices, *notices))


def label_key(name: str) -> str:
    """Return a text that is equal for labels which differ only in their form."""
    key = _tidy(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()))
    number = _NUMBER.fullmatch(key)
    return key if number is None else _value_text(*number.groups(default=""))


def _value_text(sign: str, whole: str, fraction: str) -> str:
    """Return a number without what does not change its value; exact for any number of digits."""
    point, digits = (".", fraction.rstrip("0")) if fraction.strip("0") else ("", "")
    value = f"{whole.lstrip('0') or '0'}{point}{digits}"
    return f"-{value}" if sign == "-" and value != "0" else value


def _tidy(name: str) -> str:
    """Return a label in NFC, without characters that have no width, and with single blanks."""
    composed = unicodedata.normalize("NFC", name)
    visible = "".join(sign for sign in composed if unicodedata.category(sign) != "Cf")
    return " ".join(visible.split())


def _groups(counts: Mapping[str, int], declared: Sequence[str]) -> dict[str, list[str]]:
    """Return the labels of each key, first the one to keep.

    It is a declared one, or else one without blanks around it and the like, or the most frequent.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys([*counts, *declared]):
        groups[label_key(name)].append(name)
    for names in groups.values():
        names.sort(
            key=lambda name: (
                name not in declared,
                name != _tidy(name),
                -counts.get(name, 0),
                natural_key(name),
            )
        )
    return {key: names for key, names in groups.items() if any(name in counts for name in names)}


def _missing(counts: Mapping[str, int]) -> list[Notice]:
    names = [name for name in counts if label_key(name) in _MISSING]
    if not names:
        return []
    words = (
        f"{_count(names, counts)} rows have a label that reads as missing ({_shown(names, counts)})"
    )
    return [Notice("guessed", f"{words}; it is a class. If it is none, leave the field empty.")]


def _notice(groups: list[list[str]], counts: Mapping[str, int], treatment: Treatment) -> Notice:
    shown = "; ".join(_shown(names, counts) for names in groups[:_GROUPS_SHOWN])
    more = "; …" if len(groups) > _GROUPS_SHOWN else ""
    words = (
        f"{sum(map(len, groups))} labels are {len(groups)} if blanks, case, Unicode form and the "
        f"form of numbers do not count ({shown}{more})."
    )
    if treatment == "join":
        return Notice("converted", f"{words} They are joined (data.normalise_labels).")
    way_out = "They stay different classes; data.normalise_labels=join makes them one."
    return Notice("guessed", f"{words} {way_out}")


def _shown(names: list[str], counts: Mapping[str, int]) -> str:
    """Return the labels in ASCII, in which any difference can be seen, with their counts."""
    forms = [f"{ascii(name)[:40]} {counts.get(name, 0):,}" for name in names[:_FORMS_SHOWN]]
    return ", ".join(forms) + (", …" if len(names) > _FORMS_SHOWN else "")


def _count(names: list[str], counts: Mapping[str, int]) -> str:
    return f"{sum(counts.get(name, 0) for name in names):,}"
