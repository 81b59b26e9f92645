"""Slices view: slices.json in, a figure of the slices, and how many there are, out."""

from dataclasses import dataclass

from stillroom.evaluation.slices.verdicts import read_slice_verdicts
from stillroom.reporting import figures
from stillroom.reporting.figures.slices import worst


@dataclass(frozen=True, slots=True)
class SlicesView:
    """What the template shows.

    Attributes:
        figure: SVG; "" where there is no slice.
        slices, judged, drawn: how many slices there are, how many of them were large enough to
            judge, and how many are drawn.
        least: how many examples a slice must have to be judged.
    """

    figure: str
    slices: int
    judged: int
    drawn: int
    least: int


def slices_view(document: object) -> SlicesView:
    """Return what the page shows.

    Raises:
        DataError: the document is not one that evaluate writes.
    """
    verdicts = read_slice_verdicts(document)
    drawn = len(worst(verdicts))
    return SlicesView(
        figure=figures.slices(verdicts).svg("slices") if drawn else "",
        slices=len(verdicts.slices),
        judged=sum(one.judgement is not None for one in verdicts.slices),
        drawn=drawn,
        least=verdicts.least,
    )
