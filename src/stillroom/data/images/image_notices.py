"""Image notices: how often each change was made to the images of a data set, in sentences.

(change, origin), … ──count──> Notice, one for each kind of change
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from stillroom.config.schema.image_schema import Images
from stillroom.data.images.decode_image import Change
from stillroom.data.notices import Notice, NoticeKind, counted

_WORDS: dict[Change, tuple[NoticeKind, str]] = {
    "deep": ("converted", "Scaled from more than 8 bits a channel to 8, by {range}"),
    "colour space": (
        "converted",
        "Converted to RGB from CMYK or another colour space, without colour profiles",
    ),
    "transparent": (
        "converted",
        "Transparent pixels are laid over the colour data.image.background {background}",
    ),
    "turned": ("converted", "Turned as the orientation in their EXIF data says"),
    "no EXIF": ("guessed", "Taken as upright, since their EXIF data are damaged"),
    "resized": ("converted", "Resized to data.image.size {size} (data.image.fit={fit})"),
    "frames": ("left_out", "Only the first of several frames or pages is read"),
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
            "background": options.background,
            "size": f"{height}x{width}",
            "fit": options.fit,
            "range": "the range of their bit depth"
            if options.range is None
            else f"data.image.range {options.range}",
        }
        return [
            Notice(kind, f"{words.format(**values)}: {self._images(change)}.")
            for change, (kind, words) in _WORDS.items()
            if change in self.counts
        ]

    def _images(self, change: Change) -> str:
        return f"{counted(self.counts[change], 'image')} (the first: {self.first[change]})"
