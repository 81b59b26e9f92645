"""Verdict section: the conclusion, the reasons not to ship the student, and the evidence."""

from dataclasses import dataclass
from typing import Any

from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.reporting.section import Section


@dataclass(frozen=True, slots=True)
class VerdictView:
    """What the template shows.

    Attributes:
        student: the name of the student; "" where it is the only one.
        headline: the conclusion in a few words, which is also the title of the page.
        cautions: the reasons not to ship the student.
        sentences: the evidence.
    """

    student: str
    headline: str
    cautions: tuple[str, ...]
    sentences: tuple[str, ...]


def build(
    metrics: GroupedNumbers,
    statistics: dict[str, Any],
    cost: GroupedNumbers,
    slices: dict[str, Any],
    family: list[dict[str, Any]],
    lineage: dict[str, Any],
) -> VerdictView:
    """Return the verdict on the distilled student, with the slices on which it loses more.

    Raises:
        DataError: a document is malformed.
    """
    from stillroom.evaluation.slices.verdicts import read_slice_verdicts
    from stillroom.evaluation.statistics.evidence import Evidence
    from stillroom.reporting.display_names import short
    from stillroom.reporting.provenance.lineage import from_json
    from stillroom.reporting.verdict.slice_sentences import cautions, remarks
    from stillroom.reporting.verdict.verdict import verdict

    conclusion = verdict(Evidence.from_json(statistics), metrics, cost)
    by_slice = read_slice_verdicts(slices)
    return VerdictView(
        student=short(from_json(lineage).name) if family else "",
        headline=conclusion.headline,
        cautions=(*conclusion.cautions, *cautions(by_slice)),
        sentences=(*conclusion.sentences, *remarks(by_slice)),
    )


SECTION = Section(
    name="verdict",
    inputs=("metrics", "statistics", "cost", "slices", "family", "lineage"),
    build=build,
    template="sections/verdict.html.j2",
    region="header",
    concludes=True,
)
