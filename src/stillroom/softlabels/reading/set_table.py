"""Set table: the facts of a set as a table for the terminal."""

from collections.abc import Sequence

import numpy as np
from rich.table import Table

from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.reading.set_summary import summary
from stillroom.softlabels.sparsify.content import Content


def set_table(labels: SoftLabelSet) -> Table:
    """Return a table of the facts of a set; the mass is that of the first shard of each member."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in summary(labels).items():
        table.add_row(
            name.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value)
        )
    for number in labels.members:
        for name, text in _member(labels, number):
            table.add_row(name, text)
    return table


def _member(labels: SoftLabelSet, number: int) -> Sequence[tuple[str, str]]:
    capture = labels.manifest.captures[number]
    first = labels.manifest.members[number].shards[0]
    decoded = Decoded(labels.shard_table(number, first), labels.layout(number))
    distributions = decoded.distributions(capture.sparsifier.own_temperature)
    entries, mass = float(distributions.counts.mean()), float(np.mean(distributions.masses))
    content = capture.sparsifier.content
    kept = "" if content is Content.WHOLE else f", {entries:.1f} entries a position"
    missing = f", {max(1 - mass, 0):.2%} missing" if content is Content.HEAD else ""
    return [
        (f"member {number}", f"teacher {capture.weights[:16]}, capture {capture.fingerprint[:16]}"),
        ("", f"mass {mass:.4f}{missing}{kept}"),
        ("", f"{capture.dtype} on {capture.device}, {', '.join(capture.libraries)}"),
    ]
