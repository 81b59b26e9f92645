"""Array encoders: images, features and hashed text in, an array of one shape out.

    image     [h, w, c] uint8 ──/255, standardise per channel──> [c, h, w]
    features  [d] ──standardise per column──> [d]
    text      ──hash word 1- and 2-grams, 1 + log count, L2──> [4096]

An encoder is fitted once, on the train split, and stored as JSON. Equal rows give equal bytes.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.data.encoders.array_encoder_json import checked_fields
from stillroom.data.encoders.hashed_words import Words, hashed_words, scheme_of
from stillroom.data.raw_examples import CONTENT_TYPES, Kind, shape_text
from stillroom.errors import DataError

TEXT_FEATURES = 4096
_PIXELS_AT_ONCE = 2**22


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayEncoder:
    """How an image, a row of features or a hashed text becomes an array.

    Attributes:
        kind: image, text or features; also the column of the examples that holds the input.
        classes: the names of the classes; a label is an index into them.
        shape: the shape of one encoded example: image (c, h, w), features (d,), text (4096,).
        raw_shape: the shape of one image (h, w, c); () for the other kinds.
        mean: one number per channel (of pixels in [0, 1]) or per feature; () for text.
        scale: the divisor of the difference from the mean; > 0.
        words: how a text is split into words; see `hashed_words`.
    """

    kind: Kind
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    raw_shape: tuple[int, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    words: Words = "spaced"

    @property
    def outputs(self) -> int:
        """How many classes an output has."""
        return len(self.classes)

    def encode(self, frame: pl.DataFrame) -> NDArray[np.float32]:
        """Return [N, *shape] for the N rows of `frame`, in their order.

        Raises:
            DataError: the rows do not have the kind and shape of the encoder.
        """
        column = _column(frame, self.kind)
        match self.kind:
            case "image":
                return self._encode_images(column)
            case "features":
                return self._encode_features(column)
            case "text":
                return hashed_words(column.to_list(), self.shape[0], self.words)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, from which `from_json` restores the encoder."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            # Encoders that were stored before there was a second scheme do not name theirs.
            if name != "words" or value != "spaced"
        }

    @classmethod
    def from_json(cls, document: object) -> "ArrayEncoder":
        """Return the encoder of a parsed JSON document.

        Raises:
            DataError: the document does not come from `to_json`.
        """
        return cls(**checked_fields(document))

    def _encode_features(self, column: pl.Series) -> NDArray[np.float32]:
        numbers = _features(column, self.shape[0])
        with np.errstate(over="ignore", invalid="ignore"):
            encoded = ((numbers - self.mean) / self.scale).astype(np.float32)
        finite = np.isfinite(encoded).all(axis=1)
        if not finite.all():
            raise DataError(
                f"Row {int((~finite).argmax())} of the examples holds a feature that is too far "
                "from the training data for float32. Correct or remove it."
            )
        return encoded

    def _encode_images(self, column: pl.Series) -> NDArray[np.float32]:
        pixels = _pixels(column, self.raw_shape)
        encoded = np.empty((len(pixels), *self.shape), np.float32)
        levels = np.arange(256, dtype=np.float64) / 255
        for channel, (mean, scale) in enumerate(zip(self.mean, self.scale, strict=True)):
            # A pixel has 256 values: a table of them is exact, and faster than arithmetic.
            table = ((levels - mean) / scale).astype(np.float32)
            np.take(table, pixels[..., channel], out=encoded[:, channel])
        return encoded


def fit_encoder(
    train: pl.DataFrame, kind: Kind, classes: Sequence[str], raw_shape: tuple[int, ...]
) -> ArrayEncoder:
    """Return the encoder with the mean and scale of the train rows.

    Args:
        train: the train rows of the examples, with the column `kind`.
        kind: image, text or features.
        classes: the names of the classes, in order.
        raw_shape: the shape of one example: image (h, w, c), features (d,), text ().

    Raises:
        DataError: a row has another shape, or the spread of a feature does not fit float64.
    """
    column = _column(train, kind)
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    shape = raw_shape
    words: Words = "spaced"
    match kind:
        case "image":
            height, width, channels = raw_shape
            shape = (channels, height, width)
            mean, scale = _channel_statistics(_pixels(column, raw_shape))
        case "features":
            mean, scale = _column_statistics(_features(column, raw_shape[0]))
        case "text":
            shape, words = (TEXT_FEATURES,), scheme_of(column)
    return ArrayEncoder(
        kind=kind,
        classes=tuple(classes),
        shape=shape,
        raw_shape=raw_shape if kind == "image" else (),
        mean=mean,
        scale=scale,
        words=words,
    )


def _column(frame: pl.DataFrame, kind: Kind) -> pl.Series:
    if kind not in frame.columns or frame.schema[kind] != CONTENT_TYPES[kind]:
        raise DataError(
            f"The encoder needs a column {kind} of {CONTENT_TYPES[kind]}; given: {frame.schema}. "
            "Run the ingest stage again."
        )
    if frame[kind].null_count():
        row = frame[kind].is_null().arg_max()
        raise DataError(f"Row {row} of the examples holds no {kind}. Run the ingest stage again.")
    return frame[kind]


def _pixels(column: pl.Series, raw_shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return [N, h, w, c]."""
    _check_sizes(column.bin.size(), math.prod(raw_shape), f"an image of {shape_text(raw_shape)}")
    content = b"".join(column)
    return np.frombuffer(content, np.uint8).reshape(len(column), *raw_shape)


def _features(column: pl.Series, count: int) -> NDArray[np.float64]:
    """Return [N, count]."""
    _check_sizes(column.list.len(), count, f"{count} features")
    return column.explode().to_numpy().reshape(len(column), count)


def _check_sizes(sizes: pl.Series, wanted: int, words: str) -> None:
    wrong = sizes != wanted
    if wrong.any():
        row = wrong.arg_max()
        raise DataError(
            f"Row {row} of the examples is not {words}, which the encoder needs. Run the ingest "
            "stage, then the stages after it."
        )


def _channel_statistics(
    pixels: NDArray[np.uint8],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel, in [0, 1]; a constant channel has scale 1.

    The sums are over whole numbers, so they do not depend on order, threads or processor.
    """
    counts = np.zeros((pixels.shape[-1], 256), np.int64)
    flat = pixels.reshape(-1, pixels.shape[-1])
    # bincount makes 8 bytes of each pixel, so one large image must not be one block.
    for start in range(0, len(flat), _PIXELS_AT_ONCE):
        for channel, count in enumerate(counts):
            count += np.bincount(flat[start : start + _PIXELS_AT_ONCE, channel], minlength=256)
    means, scales = [], []
    for count in counts:
        n, first, second = (sum(int(c) * v**k for v, c in enumerate(count)) for k in (0, 1, 2))
        means.append(first / (255 * n))
        scales.append(math.sqrt(n * second - first**2) / (255 * n) or 1.0)
    return tuple(means), tuple(scales)


def _column_statistics(
    numbers: NDArray[np.float64],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per column."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale = numbers.mean(axis=0), numbers.std(axis=0)
    # Rounding gives a constant column a tiny deviation: compare the values instead.
    constant = (numbers == numbers[0]).all(axis=0)
    mean, scale = np.where(constant, numbers[0], mean), np.where(constant, 1.0, scale)
    usable = np.isfinite(mean) & np.isfinite(scale) & (scale > 0)
    if not usable.all():
        raise DataError(
            f"The spread of feature {int((~usable).argmax())} (counted from 0) is too large or too "
            "small for float64. Rescale that column first."
        )
    return tuple(mean.tolist()), tuple(scale.tolist())
