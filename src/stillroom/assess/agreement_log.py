"""Agreement log: how well a set agreed with the hard labels, kept by the set's content.

    set, findings ──warn_where_it_fell──> a warning if the same answers agreed better before
                                     └──> .stillroom/agreement/<content>.json

The answers of a set never change under its content hash. So its agreement changes only if the
examples have other labels, or if more or fewer of them are used. It is a warning and no alarm: a
corrected labelling may agree less with a teacher, and may be trained on. The log is no artifact of
DVC: other labels are another run.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from math import isnan, sqrt
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.errors import DataError
from stillroom.io.files.confined_paths import confined
from stillroom.io.json.json_files import read_json, write_json
from stillroom.io.json.validated_json import STRICT, checked
from stillroom.softlabels.verify.label_agreement import DEVIATIONS
from stillroom.softlabels.verify.verify import Finding

FOLDER = Path(".stillroom") / "agreement"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, config=STRICT)
class Agreed:
    """The agreement of a member.

    Attributes:
        share: the share of labelled positions whose argmax is the hard label.
        labelled: how many positions have one.
    """

    share: float = Field(ge=0, le=1)
    labelled: int = Field(ge=1)

    def is_below(self, other: "Agreed") -> bool:
        """Whether the difference of two shares is more than their counts explain.

        The error is that of two binomials of one probability, with one right and one wrong answer
        more than there are (Laplace), since a share of 1 does not have an error of 0.
        """
        both = self.labelled + other.labelled
        right = self.share * self.labelled + other.share * other.labelled
        p = (right + 1) / (both + 2)
        error = sqrt(p * (1 - p) * (1 / self.labelled + 1 / other.labelled))
        return self.share < other.share - DEVIATIONS * error

    def replaces(self, kept: "Agreed") -> bool:
        """Whether this is the better one to compare with: higher, or of more labels and as high."""
        has_more = self.labelled > kept.labelled
        return kept.is_below(self) or (has_more and not self.is_below(kept))


def warn_where_it_fell(root: Path, content: str, findings: Sequence[Finding]) -> None:
    """Warn of each member that agrees with fewer labels than before, and log the agreement.

    A difference counts from three standard deviations on.

    Args:
        root: the folder of the project.
        content: the content hash of the set.
        findings: what `verify` found, for each member.
    """
    if any(isnan(finding.agreement) for finding in findings):
        return
    now = [Agreed(finding.agreement, finding.labelled) for finding in findings]
    file = confined(FOLDER / f"{content[:32]}.json", root)
    before = _read(file)
    if len(before) != len(now):
        before = now
    for number, (old, new) in enumerate(zip(before, now, strict=True), start=1):
        if new.is_below(old):
            _LOG.warning("%s", _sentence(number, old, new))
    _write(
        file,
        [new if new.replaces(old) else old for old, new in zip(before, now, strict=True)],
    )


def _sentence(number: int, old: Agreed, new: Agreed) -> str:
    return (
        f"The same answers of teacher {number} agreed with {old.share:.1%} of {old.labelled:,} "
        f"hard labels before, and agree with {new.share:.1%} of {new.labelled:,} now. The examples "
        "have other labels than then, or labels on other rows. The run goes on. If you did not "
        "correct the labels, look at data.path and data/02_examples before you train."
    )


def _write(file: Path, agreed: list[Agreed]) -> None:
    members = [{"share": one.share, "labelled": one.labelled} for one in agreed]
    with suppress(OSError):  # `softlabels verify` also works where nothing can be written
        write_json(file, members)


def _read(file: Path) -> Sequence[Agreed]:
    if not file.is_file():
        return ()
    try:
        document: Any = read_json(file)
        return checked(tuple[Agreed, ...], document, file.name, "capture")
    except DataError:  # the log is no artifact: an unreadable entry counts as none
        return ()
