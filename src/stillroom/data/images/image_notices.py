"""Image notices: how often each change was made to the images of a data set, in sentences.

(change, origin), … ──count──> Notice, one for each kind of change
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from stillroom.config.schema.image_schema import Images
from stillroom.data.images.decode_image import Change
from stillroom.data.notices import Notice, NoticeKind

_WORDS: dict[Change, tuple[NoticeKind, str]] = {
    "deep": (
        "converted",
        "{count} of more than 8 bits a channel scaled to 8 bits by {range}{first}.",
    ),
    "colour space": (
        "converted",
        "{count} of CMYK or another colour space converted to RGB, without colour profiles{first}.",
    ),
    "transparent": (
        "converted",
        "{count} with transparent pixels laid over the colour {background}{first}; "
        "data.image.background sets another one.",
    ),
    "turned": ("converted", "{count} turned as the orientation in the EXIF data says{first}."),
    "no EXIF": ("guessed", "{count} taken as upright, since the EXIF data are damaged{first}."),
    "resized": ("converted", "{count} resized to data.image.size {size} ({fit}){first}."),
    "frames": (
        "left_out",
        "{count} with several frames or pages read as the first of them{first}.",
    ),
}


@dataclass(slots=True)
class ChangeCounts:
    """How many images each change was made to, and the first of them."""

    counts: dict[Change, int] = field(default_factory=dict)
    first: dict[Change, str] = field(default_factory=dict)

    def add(self, changes: Iterable[Change], origin: str) -> None:
        """Count the changes of one image."""
        for change in changes:
            self.counts[change] = self.counts.get(change, 0) + 1
            self.first.setdefault(change, origin)

    def notices(self, options: Images) -> list[Notice]:
        """Return one notice for each change that was made."""
        height, width = options.size or (0, 0)
        values = {
            "background": tuple(options.background),
            "size": f"{height}x{width}",
            "fit": options.fit,
            "range": "the range of their bit depth"
            if options.range is None
            else f"data.image.range {options.range}",
        }
        return [
            Notice(
                kind,
                words.format(
                    count=counted(self.counts[change]),
                    first=f" (the first: {self.first[change]})",
                    **values,
                ),
            )
            for change, (kind, words) in _WORDS.items()
            if change in self.counts
        ]


def counted(count: int) -> str:
    """Return "1 image is" or "2,000 images are"."""
    return "1 image is" if count == 1 else f"{count:,} images are"
