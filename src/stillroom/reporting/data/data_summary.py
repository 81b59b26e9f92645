"""Data summary: the report of ingest in; what was read, guessed, converted and left out, out.

data_report ──data_summary──> DataSummary ──> the table on the terminal, the section of the page

Texts that come from data are printable afterwards; the page escapes them besides.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stillroom.data.ingest.splits import SPLITS
from stillroom.data.notices import counted
from stillroom.io.printable import printable
from stillroom.reporting.display_names import short

MOST_CLASSES = 12  # are listed one by one
MOST_NAMES = 5
MUCH_OVERLAP = 0.1  # of the test prompts; more of them make the test easier than new prompts are

Report = Mapping[str, Any]
OF_CORPORA = ("documents", "sequences", "tokens", "bytes")
LEARNT = "learnt"  # tokens of conversations
OF_EXAMPLES = ("examples", "labelled", "unlabelled")


@dataclass(frozen=True, slots=True)
class Counts:
    """One row of numbers: its name, and a number for each split."""

    name: str
    of_splits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DataSummary:
    """What ingest did.

    Attributes:
        read: what was read, as a sentence.
        left_out, guessed, converted: sentences; empty: nothing was.
        origins: for each split, where it comes from.
        counts: what each split has.
        classes: the labelled rows of each class; empty for many classes, and for running text.
        of_classes: sentences about the classes that are not listed.
        overlap: sentences about the test prompts that training has too.
    """

    read: str
    left_out: tuple[str, ...]
    guessed: tuple[str, ...]
    converted: tuple[str, ...]
    origins: tuple[str, ...]
    counts: tuple[Counts, ...]
    classes: tuple[Counts, ...]
    of_classes: tuple[str, ...]
    overlap: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """All sentences, by what they are about, in the order in which they are shown."""
        said = (
            ("Read", (self.read,)),
            ("Left out", self.left_out or ("Nothing.",)),
            ("Guessed", self.guessed or ("Nothing.",)),
            ("Converted", self.converted or ("Nothing.",)),
            ("Splits", self.origins),
            ("Classes", self.of_classes),
            ("Overlap", self.overlap),
        )
        return tuple((about, words) for about, words in said if words)


def data_summary(report: Report) -> DataSummary:
    """Return the summary of a report of ingest, of examples or of running text."""
    notices = report["notices"]
    classes = _classes(report)
    is_short = len(classes) <= MOST_CLASSES
    names = OF_EXAMPLES if "examples" in report else OF_CORPORA
    names = (*names, LEARNT) if LEARNT in report else names
    return DataSummary(
        read=_read(report),
        left_out=(*_left_out(report), *_printable(notices.get("left_out", ()))),
        guessed=_printable(notices.get("guessed", ())),
        converted=_printable(notices.get("converted", ())),
        origins=tuple(_origins(report["splits_from"])),
        counts=tuple(_counts(_title(name, report), report[name]) for name in names),
        classes=classes if is_short else (),
        of_classes=() if is_short else tuple(_of_many(classes)),
        overlap=tuple(_overlap(report["overlap"])) if "overlap" in report else (),
    )


def _read(report: Report) -> str:
    files = counted(len(report["files"]), "file")
    place = f" at {printable(report['path'])}" if report["path"] else ""
    if "examples" in report:
        rows = counted(sum(report["rows_read"].values()), "row")
    else:
        found = sum(report["documents"].values()) + report["duplicate_documents"]
        rows = counted(found, _unit(report))
    return f"{rows} of {files}{place} (data.source {report['source']})."


def _left_out(report: Report) -> Iterator[str]:
    if "examples" in report:
        yield from _rows_left_out(report)
    else:
        for kind, unit in (("document", _unit(report)), ("sequence", "sequence")):
            repeated = report[f"duplicate_{kind}s"]
            if repeated:
                yield f"{counted(repeated, unit)} with the same text as another one."
        yield from _turns_left_out(report)
    if report["skipped"]:
        kinds = ", ".join(f"{printable(kind)} ({n:,})" for kind, n in report["skipped"].items())
        total = sum(report["skipped"].values())
        yield f"{counted(total, 'file')} of kinds that data.source does not read: {kinds}."


def _title(name: str, report: Report) -> str:
    """Return what a row of counts is called."""
    titles = {"documents": f"{_unit(report)}s", LEARNT: "learnt tokens"}
    return titles.get(name, name)


def _unit(report: Report) -> str:
    """Return what a corpus consists of."""
    return "conversation" if LEARNT in report else "document"


def _turns_left_out(report: Report) -> Iterator[str]:
    if report.get("cut_conversations"):
        cut = counted(report["cut_conversations"], "conversation")
        yield f"The last turns of {cut}, beyond data.text.length."
    if report.get("too_long_conversations"):
        left = counted(report["too_long_conversations"], "conversation")
        yield f"{left} whose first answer does not end within data.text.length."


def _overlap(overlap: Mapping[str, Any]) -> Iterator[str]:
    """Yield how many test prompts training has too, and whether they are many."""
    words, long, short = overlap["words"], overlap["long"], overlap["short"]
    compared = long["compared"] + short["compared"]
    if compared < overlap["prompts"]:
        yield f"A random {compared:,} of {counted(overlap['prompts'], 'test prompt')} are compared."
    if long["compared"]:
        yield (
            f"{long['overlapping']:,} of {counted(long['compared'], 'test prompt')} of at least "
            f"{words} words share {words} words in a row with a training prompt."
        )
    if short["compared"]:
        yield (
            f"{short['equal']:,} of {counted(short['compared'], 'shorter test prompt')} are equal "
            "to a training prompt."
        )
    if long["overlapping"] + short["equal"] > MUCH_OVERLAP * compared:
        yield (
            "That is much: on new prompts, all models may be worse than on this test split. Put "
            "conversations that are alike into one split, with data.columns.split."
        )


def _rows_left_out(report: Report) -> Iterator[str]:
    if report["duplicates"]:
        yield f"{counted(report['duplicates'], 'row')} with the same content as another one."
    if report["leaked"]:
        yield (
            f"{counted(report['leaked'], 'row')} that another split has too: test keeps such a "
            "row, else validation."
        )
    conflicts = report["conflicts"]
    if conflicts["dropped"]:
        yield f"{counted(conflicts['dropped'], 'input')} with several labels, none most frequent."
    kept = conflicts["inputs"] - conflicts["dropped"]
    if kept:
        yield f"The rarer labels of {counted(kept, 'input')} with several labels."
    cut = sum(report["tokens"]["cut"].values()) if report.get("tokens") else 0
    if cut:
        yield f"The ends of {counted(cut, 'text')}, beyond {report['tokens']['length']:,} tokens."


def _origins(splits_from: Mapping[str, str]) -> Iterator[str]:
    """Yield one sentence for each place that splits come from, in the order of the splits."""
    by_place: dict[str, list[str]] = {}
    for split in SPLITS:
        by_place.setdefault(printable(splits_from[split]), []).append(split)
    for place, splits in by_place.items():
        yield f"{' and '.join(splits).capitalize()}: {place}."


def _classes(report: Report) -> tuple[Counts, ...]:
    from stillroom.data.ingest.classes import natural_key

    by_split = report.get("classes", {})
    names = sorted({name for counts in by_split.values() for name in counts}, key=natural_key)
    return tuple(
        _counts(short(name), {s: counts.get(name, 0) for s, counts in by_split.items()})
        for name in names
    )


def _of_many(classes: tuple[Counts, ...]) -> Iterator[str]:
    """Yield how many classes there are, and for each split its smallest, largest and missing."""
    yield f"{len(classes):,} classes."
    for place, split in enumerate(SPLITS):
        rows = {one.name: one.of_splits[place] for one in classes}
        missing = [name for name, count in rows.items() if not count]
        present = {name: count for name, count in rows.items() if count}
        if present:
            yield f"Labelled rows in {split}: {_range(present)}."
        if missing:
            shown = ", ".join(missing[:MOST_NAMES]) + (", …" if len(missing) > MOST_NAMES else "")
            yield f"No labelled row in {split}: {len(missing):,} classes ({shown})."


def _range(rows: Mapping[str, int]) -> str:
    """Return the smallest and the largest class with their rows, or the number that all have."""
    least, most = min(rows, key=rows.__getitem__), max(rows, key=rows.__getitem__)
    if rows[least] == rows[most]:
        return f"{rows[least]:,} of each class"
    return f"{rows[least]:,} ({least}) to {rows[most]:,} ({most})"


def _counts(name: str, by_split: Mapping[str, int]) -> Counts:
    return Counts(name, tuple(by_split.get(split, 0) for split in SPLITS))


def _printable(sentences: Any) -> tuple[str, ...]:
    return tuple(printable(sentence) for sentence in sentences)
