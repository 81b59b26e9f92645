"""Agreement log: how well a set agreed with the hard labels, kept by the set's content.

    set, findings ──warn_where_it_fell──> an alarm if the same answers agreed better before
                                     └──> .stillroom/agreement/<content>.json

The answers of a set never change under its content hash, so an agreement falls only where the hard
labels of the examples have changed. The log is no artifact of DVC: other labels are another run.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from math import isnan, sqrt
from pathlib import Path

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from stillroom.errors import DataError
from stillroom.io.files.confined_paths import confined
from stillroom.io.json.json_files import read_json, write_json
from stillroom.io.json.validated_json import checked
from stillroom.softlabels.verify.agreement import DEVIATIONS
from stillroom.softlabels.verify.verify import Finding

FOLDER = Path(".stillroom") / "agreement"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Agreed:
    """The best agreement that was seen of each member of a set, as a share of positions."""

    shares: list[float] = Field(min_length=1)


def warn_where_it_fell(root: Path, content: str, findings: Sequence[Finding]) -> None:
    """Warn of each member that agrees with fewer labels than before, and log the best agreement.

    A difference counts from three standard deviations of the earlier share on.

    Args:
        root: the folder of the project.
        content: the content hash of the set.
        findings: what `verify` found, for each member.
    """
    shares = [finding.agreement for finding in findings]
    if any(map(isnan, shares)):
        return
    file = confined(FOLDER / f"{content[:32]}.json", root)
    before = _read(file)
    if before is None or len(before.shares) != len(shares):
        _write(file, shares)
        return
    for number, (old, new, finding) in enumerate(
        zip(before.shares, shares, findings, strict=True), start=1
    ):
        if new < old - DEVIATIONS * sqrt(max(old * (1 - old), 1e-12) / finding.labelled):
            _LOG.warning(
                "ALARM: the same answers of teacher %d agreed with %.1f%% of the hard labels "
                "before, and agree with %.1f%% now. The labels of the examples have changed: look "
                "at data.path and data/02_examples before you train.",
                number,
                100 * old,
                100 * new,
            )
    _write(file, [max(pair) for pair in zip(before.shares, shares, strict=True)])


def _write(file: Path, shares: list[float]) -> None:
    with suppress(OSError):  # `softlabels verify` also works where nothing can be written
        write_json(file, {"shares": shares})


def _read(file: Path) -> Agreed | None:
    if not file.is_file():
        return None
    try:
        return checked(Agreed, read_json(file), file.name, "capture")
    except DataError:  # the log is no artifact: an unreadable entry counts as none
        return None
