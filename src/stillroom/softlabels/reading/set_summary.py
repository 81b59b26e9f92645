"""Set summary: the facts of a set as plain values, for a page, a model card or a terminal."""

from stillroom.softlabels.reading.label_set import SoftLabelSet

Plain = str | int | float


def summary(labels: SoftLabelSet) -> dict[str, Plain]:
    """Return the facts of a set; they are in its manifest, so no shard is read."""
    manifest = labels.manifest
    first = manifest.captures[0].sparsifier
    settings = ", ".join(f"{name} {value}" for name, value in first.values().items())
    return {
        "fingerprint": manifest.fingerprint,
        "content": manifest.content,
        "teachers": ", ".join(one for capture in manifest.captures for one in capture.teachers),
        "members": len(manifest.members),
        "rows": manifest.rows,
        "classes": manifest.classes,
        "sparsifier": f"{first.kind} ({settings})" if settings else first.kind,
        "features": manifest.captures[0].features,
        "bias": manifest.members[0].bias,
        "combination": f"mean of {labels.ensemble.mean}",
        "shards": sum(len(member.shards) for member in manifest.members),
        "bytes": manifest.bytes,
        "bytes_per_row": round(manifest.bytes / manifest.rows, 1),
    }
