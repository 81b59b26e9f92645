"""Shown: a set, or what verify found of it, in; what a person reads on a terminal out."""

from collections.abc import Sequence
from math import isnan

import numpy as np
from rich.table import Table

from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.reading.set_summary import summary
from stillroom.softlabels.sparsify.sparsifiers import Full, TopK, own_temperature
from stillroom.softlabels.verify.verify import Finding


def shown(labels: SoftLabelSet) -> Table:
    """Return a table of what the set is; the mass is that of each member's first shard."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in summary(labels).items():
        table.add_row(
            name.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value)
        )
    for number in labels.members:
        for name, value in _member(labels, number):
            table.add_row(name, value)
    return table


def told(number: int, finding: Finding) -> str:
    """Return what was found of a member, in a line."""
    line = (
        f"member {number}: {finding.rows:,} rows, {finding.positions:,} positions, "
        f"{finding.asked_again:,} rows asked again"
    )
    if isnan(finding.agreement):
        return f"{line}; no hard labels to compare with"
    return (
        f"{line}; {finding.agreement:.1%} agree with the hard labels "
        f"(shuffled {finding.shuffled:.1%}, moved by one {finding.shifted:.1%})"
    )


def _member(labels: SoftLabelSet, number: int) -> Sequence[tuple[str, str]]:
    capture = labels.manifest.captures[number]
    first = labels.manifest.members[number].shards[0]
    decoded = Decoded(labels.shard_table(number, first), labels.layout(number))
    found = decoded.distributions(own_temperature(capture.sparsifier))
    entries = len(found.ids) / max(len(found), 1)
    mass = float(np.mean(found.masses))
    kept = "" if isinstance(capture.sparsifier, Full) else f", {entries:.1f} entries a position"
    missing = f", {max(1 - mass, 0):.2%} missing" if isinstance(capture.sparsifier, TopK) else ""
    return [
        (f"member {number}", f"teacher {capture.weights[:16]}, capture {capture.fingerprint[:16]}"),
        ("", f"mass {mass:.4f}{missing}{kept}"),
        ("", f"{capture.dtype} on {capture.device}, {', '.join(capture.libraries)}"),
    ]
