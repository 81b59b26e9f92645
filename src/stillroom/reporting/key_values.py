"""Key-value lines: a nested document in, the rows of a table with two columns out."""

from collections.abc import Iterator, Mapping

from stillroom.io.json.flatten import leaves

# A list may name every row that was dropped; the page shows the first of them.
MOST_ITEMS = 12


def key_values(document: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return one line per leaf, its keys joined by dots, in the document's order."""
    return [(key, _text(value)) for key, value in leaves(document) if key]


def condensed(document: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return one line per key whose values hold no further keys: counts by class fit in one line.

    A report may name thousands of files; the line has the first `MOST_ITEMS` and the number of
    others.
    """
    return list(_condensed_lines(document, ""))


def _condensed_lines(document: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in document.items():
        if isinstance(value, Mapping) and not _is_flat(value):
            yield from _condensed_lines(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _text(value)


def _is_flat(document: Mapping[str, object]) -> bool:
    return not any(isinstance(value, Mapping | list | tuple) for value in document.values())


def _text(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.6g}"
        case Mapping():
            return _joined([f"{key}: {_text(item)}" for key, item in value.items()])
        case list() | tuple():
            return _joined([_text(item) for item in value])
    return str(value)


def _joined(texts: list[str]) -> str:
    more = len(texts) - MOST_ITEMS
    return ", ".join(texts[:MOST_ITEMS]) + (f", and {more:,} more" if more > 0 else "") or "none"
