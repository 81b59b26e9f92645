"""Whole: a set in, nothing out, or the first shard that is missing, damaged or malformed."""

from stillroom.softlabels.reading.label_set import SoftLabelSet


def require_whole(labels: SoftLabelSet) -> None:
    """Read every shard of a set.

    Raises:
        SoftLabelError: names a shard that is not what the manifest says.
    """
    for member in labels.members:
        for _ in labels.tables(member):
            pass
