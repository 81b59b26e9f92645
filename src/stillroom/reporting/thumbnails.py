"""Thumbnails: a stored example in, an image or a text that a person can read out.

    image     [h, w, c] uint8 ──nearest, about 96 pixels──> data:image/png;base64,…
    text      its beginning, on one line
    features  [d] ──those furthest from their mean──> "name value, …"
    tokens    of a sequence ──decoded around one of them──> before, token, after

The output is plain printable text and a `data:` address that we build. The template escapes it.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.data.encoders import ArrayEncoder, Encoder, SequenceEncoder
from stillroom.data.raw_examples import shape_text
from stillroom.data.text.token_layout import LABELS, POSITIONS
from stillroom.errors import DataError
from stillroom.io.printable import printable
from stillroom.no_label import NO_LABEL
from stillroom.reporting.display_names import short

PNG = "data:image/png;base64,"
# Small images are enlarged to about `WANTED` pixels, and large ones reduced to `LARGEST`.
WANTED, LARGEST = 96, 128
MOST_LETTERS = 200
# The text before a token explains it better than the text after it.
MOST_BEFORE, MOST_TOKEN, MOST_AFTER = 160, 40, 60
MOST_FEATURES = 5
_BLANK = "(blank)"
_VISIBLE = str.maketrans({"\n": "↵", "\r": "↵", "\t": "⇥"})


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """An example: an image, a text, or one token with the text around it.

    Attributes:
        image: the address of a PNG, which begins with `PNG`; "" for none.
        text: the text, or the text before the token; "" for none.
        token, after: the token, and the text after it; "" for none.
    """

    image: str = ""
    text: str = ""
    token: str = ""
    after: str = ""

    def __post_init__(self) -> None:
        """Refuse an image that a page would have to load.

        Raises:
            DataError: it is no PNG within the page.
        """
        if self.image and not self.image.startswith(PNG):
            raise DataError("an example's image is not within the page. Run evaluate again.")


def example_thumbnails(
    frame: pl.DataFrame, encoder: Encoder, rows: Sequence[int], features: Sequence[str] = ()
) -> list[Thumbnail]:
    """Return the thumbnails of some rows.

    Args:
        frame: examples; their content is in the column image, text or features.
        encoder: the encoder of the examples.
        rows: the numbers of the rows, from 0.
        features: the names of the features; empty where the content is not features, or the
            features have no names.

    Raises:
        DataError: the frame has no such content.
    """
    column = encoder.kind if isinstance(encoder, ArrayEncoder) else "text"
    if column not in frame.columns:
        raise DataError(f"the examples hold no {column}. Run the ingest stage again.")
    return [_thumbnail(content, encoder, features) for content in frame[column][list(rows)]]


def token_thumbnails(
    frame: pl.DataFrame, encoder: SequenceEncoder, places: Sequence[tuple[int, int]]
) -> list[Thumbnail]:
    """Return the thumbnails of some tokens, each with the text around it in its piece.

    Args:
        frame: sequences.
        encoder: the encoder of the sequences.
        places: the row of each token, from 0, and its number among the labelled tokens of the row,
            from 0.

    Raises:
        DataError: there is no such token.
    """
    some = frame[[row for row, _ in places]]
    encoded, tokens = encoder.encode(some), some["tokens"].to_list()
    return [
        _token_thumbnail(encoder, encoded[at], tokens[at], position)
        for at, (_, position) in enumerate(places)
    ]


def image_thumbnail(pixels: NDArray[np.uint8]) -> Thumbnail:
    """Return an image, [h, w], [h, w, 1] or [h, w, 3]; small ones enlarged, large ones reduced.

    Raises:
        DataError: it has another shape or type, or no pixel.
    """
    from PIL import Image

    grey = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    if grey.dtype != np.uint8 or grey.shape[2:] not in ((), (3,)) or not grey.size or grey.ndim < 2:
        raise DataError(
            f"an image of {shape_text(pixels.shape)} {pixels.dtype} cannot be shown; allowed are "
            "height x width x 1 or 3 of uint8. Run the ingest stage again."
        )
    height, width = _thumbnail_size(grey.shape[0], grey.shape[1])
    larger = max(grey.shape[:2]) > LARGEST
    how = Image.Resampling.BOX if larger else Image.Resampling.NEAREST
    stream = io.BytesIO()
    Image.fromarray(grey).resize((width, height), how).save(stream, format="PNG", optimize=True)
    return Thumbnail(image=PNG + base64.b64encode(stream.getvalue()).decode("ascii"))


def text_thumbnail(text: str) -> Thumbnail:
    """Return the first `MOST_LETTERS` letters of a text, on one line."""
    # A text may be a whole book, so only its beginning is processed.
    line = " ".join(text.lstrip()[: 8 * MOST_LETTERS].split())
    return Thumbnail(text=_cut(printable(line), MOST_LETTERS) or _BLANK)


def feature_thumbnail(
    values: Sequence[float], mean: Sequence[float], scale: Sequence[float], names: Sequence[str]
) -> Thumbnail:
    """Return the `MOST_FEATURES` features that are furthest from their mean, in units of `scale`.

    Args:
        values, mean: [d].
        scale: [d], > 0.
        names: [d]; empty where the features have no names.
    """
    apart = np.abs((np.asarray(values) - np.asarray(mean)) / np.asarray(scale))
    furthest = np.argsort(-apart, kind="stable")[:MOST_FEATURES]
    named = names if len(names) == len(values) else [f"feature {at}" for at in range(len(values))]
    return Thumbnail(text=", ".join(f"{short(named[at])} {values[at]:.4g}" for at in furthest))


def _thumbnail(content: Any, encoder: Encoder, features: Sequence[str]) -> Thumbnail:
    if not isinstance(encoder, ArrayEncoder) or encoder.kind == "text":
        return text_thumbnail(content)
    if encoder.kind == "image":
        return image_thumbnail(np.frombuffer(content, np.uint8).reshape(encoder.raw_shape))
    return feature_thumbnail(content.to_list(), encoder.mean, encoder.scale, features)


def _thumbnail_size(height: int, width: int) -> tuple[int, int]:
    longest = max(height, width)
    if longest > LARGEST:
        return max(1, height * LARGEST // longest), max(1, width * LARGEST // longest)
    times = max(1, round(WANTED / longest))
    return height * times, width * times


def _token_thumbnail(
    encoder: SequenceEncoder, encoded: NDArray[np.int32], tokens: list[int], position: int
) -> Thumbnail:
    labelled = np.flatnonzero(encoded[LABELS] != NO_LABEL)
    if not 0 <= position < len(labelled):
        raise DataError(f"a sequence of {len(labelled)} labelled tokens has no token {position}.")
    at = int(labelled[position])
    place = at if encoder.is_masked else at + 1
    start = at - int(encoded[POSITIONS, at])
    later = np.flatnonzero(encoded[POSITIONS, place + 1 :] <= 0)
    end = place + 1 + int(later[0]) if len(later) else len(tokens)
    decode = encoder.tokenizer.decode
    # The space between two words belongs to one of the tokens, and is lost if only that is decoded.
    before, until, whole = (decode(tokens[start:stop]) for stop in (place, place + 1, end))
    return Thumbnail(
        text=_cut_front(_visible(before), MOST_BEFORE),
        token=_cut(_visible(until.removeprefix(before)), MOST_TOKEN) or "(a special token)",
        after=_cut(_visible(whole.removeprefix(until)), MOST_AFTER),
    )


def _visible(text: str) -> str:
    return printable(text.translate(_VISIBLE))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _cut_front(text: str, most: int) -> str:
    return text if len(text) <= most else "…" + text[1 - most :]
