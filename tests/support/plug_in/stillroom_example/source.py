"""A data source: images and labels as arrays in one .npz file of numpy."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic.dataclasses import dataclass

from stillroom.data.sources.source_kind import ExampleSource
from stillroom.errors import DataError

if TYPE_CHECKING:
    from stillroom.config.schema.data_schema import Data
    from stillroom.data.raw_examples import RawExamples


@dataclass(frozen=True, kw_only=True)
class Arrays(ExampleSource):
    """Images [N, height, width] of bytes and labels [N], by the names of the two arrays."""

    images: str = "images"
    labels: str = "labels"

    def content(self, data: Mapping[str, Any]) -> Literal["image"]:
        """Return that an example is an image."""
        return "image"

    def read(self, data: "Data", root: Path) -> "RawExamples":
        """Read the file."""
        import numpy as np
        import polars as pl

        from stillroom.data.raw_examples import RawPart, row_origins, stack_parts
        from stillroom.io.files.hashing import sha256_file

        path = root / data.path
        with np.load(path, allow_pickle=False) as arrays:
            missing = {self.images, self.labels} - set(arrays)
            if missing:
                raise DataError(f"{path.name} has no array {min(missing)}. Set its name in data.")
            images, labels = arrays[self.images], arrays[self.labels]
        part = RawPart(
            part=path.name,
            shape=(*images.shape[1:], 1),
            content=pl.Series([image.tobytes() for image in images]),
            labels=[str(label) for label in labels],
            splits=[None] * len(labels),
            origins=row_origins(path.name, len(labels)),
        )
        return stack_parts("image", [part], {path.name: sha256_file(path)})
