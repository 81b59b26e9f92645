import base64
import io
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from jinja2 import Environment, FileSystemLoader
from PIL import Image
from support.examples.corpus_examples import sentences

from stillroom.data.encoders import SequenceEncoder, TokenEncoder, fit_encoder
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import DataError
from stillroom.reporting.section import TEMPLATES
from stillroom.reporting.thumbnails import (
    LARGEST,
    MOST_AFTER,
    MOST_LETTERS,
    PNG,
    Thumbnail,
    example_thumbnails,
    feature_thumbnail,
    image_thumbnail,
    text_thumbnail,
    token_thumbnails,
)

TOKENIZER = train_tokenizer(sentences(40), 300)
SEQUENCES = SequenceEncoder(tokenizer=TOKENIZER, task="next_token", length=40)


def pixels_of(thumbnail: Thumbnail) -> Any:
    assert thumbnail.image.startswith(PNG)
    with Image.open(io.BytesIO(base64.b64decode(thumbnail.image[len(PNG) :]))) as image:
        return np.asarray(image)


def test_a_small_image_grows_and_keeps_its_pixels() -> None:
    digit = np.arange(64, dtype=np.uint8).reshape(8, 8, 1) * 4
    assert np.array_equal(
        pixels_of(image_thumbnail(digit)), digit[..., 0].repeat(12, 0).repeat(12, 1)
    )


def test_colours_stay_colours() -> None:
    red = np.zeros((48, 24, 3), np.uint8)
    red[..., 0] = 255
    drawn = pixels_of(image_thumbnail(red))
    assert drawn.shape == (96, 48, 3)
    assert (drawn == [255, 0, 0]).all()


@given(
    arrays(
        np.uint8,
        st.tuples(st.integers(1, 300), st.integers(1, 300))
        | st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3])),
        elements=st.integers(0, 255),
    )
)
def test_no_image_is_larger_than_is_allowed(pixels: Any) -> None:
    drawn = pixels_of(image_thumbnail(pixels))
    assert max(drawn.shape[:2]) <= LARGEST
    assert drawn.shape[2:] == (pixels.shape[2:] if pixels.shape[2:] == (3,) else ())


@pytest.mark.parametrize("shape", [(20_000, 1), (1, 20_000), (4000, 3000, 3)])
def test_a_huge_image_is_reduced_to_a_few_bytes(shape: tuple[int, ...]) -> None:
    thumbnail = image_thumbnail(np.full(shape, 7, np.uint8))
    assert max(pixels_of(thumbnail).shape) == LARGEST
    assert len(thumbnail.image) < 2000


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8), np.float32),
        np.zeros(8, np.uint8),
        np.zeros((0, 8, 3), np.uint8),
        np.zeros((2, 2, 2, 3), np.uint8),
    ],
)
def test_what_is_no_image_is_refused(pixels: Any) -> None:
    with pytest.raises(DataError, match="cannot be shown"):
        image_thumbnail(pixels)


@pytest.mark.parametrize(
    "address", ["http://evil.example/x.png", "data:image/svg+xml;base64,PHN2Zz4="]
)
def test_an_image_from_elsewhere_is_refused(address: str) -> None:
    with pytest.raises(DataError, match="not within the page"):
        Thumbnail(image=address)


@given(st.text())
def test_a_text_is_short_and_printable(text: str) -> None:
    words = text_thumbnail(text).text
    assert 1 <= len(words) <= MOST_LETTERS
    assert words.isprintable()


def test_a_text_is_its_beginning_on_one_line() -> None:
    assert text_thumbnail("  one\n\ttwo\x00 ").text == "one two\N{REPLACEMENT CHARACTER}"
    assert text_thumbnail("a" * 200).text == "a" * 200
    assert text_thumbnail("a" * 10_000_000).text == "a" * 199 + "…"
    assert text_thumbnail(" \n").text == "(blank)"


def test_the_features_furthest_from_their_mean_come_first() -> None:
    # Distances 0, 4, 1, 2, 2, .5 and 3: all but the first and the sixth.
    values = [5.0, 9.0, 1.0, -1.0, 4.0, 0.5, 33.333333]
    mean = [5.0, 1.0, 0.0, 1.0, 2.0, 0.0, 30.333333]
    scale = [1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    names = ["a", "b", "c", "d", "e", "f", "<b>g</b>"]
    words = "b 9, <b>g</b> 33.33, d -1, e 4, c 1"
    assert feature_thumbnail(values, mean, scale, names).text == words
    assert feature_thumbnail(values, mean, scale, ()).text.startswith(
        "feature 1 9, feature 6 33.33"
    )


def test_rows_are_shown_by_what_they_hold() -> None:
    images = [bytes(range(4)), bytes([255] * 4)]
    frame = pl.DataFrame(
        {
            "image": images,
            "text": ["one", "two"],
            "features": [[0.0, 1.0], [10.0, 1.0]],
        }
    )
    encoders = {
        kind: fit_encoder(frame, kind, ("x", "y"), shape)
        for kind, shape in (("image", (2, 2, 1)), ("text", ()), ("features", (2,)))
    }
    image = example_thumbnails(frame, encoders["image"], [1, 0])
    assert (pixels_of(image[0]) == 255).all()
    assert pixels_of(image[1])[-1, -1] == 3
    assert [one.text for one in example_thumbnails(frame, encoders["text"], [1])] == ["two"]
    tokens = TokenEncoder.of(TOKENIZER, ("x", "y"), 9)
    assert [one.text for one in example_thumbnails(frame, tokens, [0])] == ["one"]
    features = example_thumbnails(frame, encoders["features"], [1], ["far", "near"])
    assert features[0].text == "far 10, near 1"
    with pytest.raises(DataError, match="hold no image"):
        example_thumbnails(frame.drop("image"), encoders["image"], [0])


def test_a_token_is_shown_between_its_neighbours_in_its_piece() -> None:
    one, two = (encoding.ids.tolist() for encoding in TOKENIZER.encode(sentences(2)))
    schema = {"tokens": pl.List(pl.Int32), "starts": pl.List(pl.Int32)}
    frame = pl.DataFrame([(one + two, [0, len(one)])], schema=schema, orient="row")
    encoder = SequenceEncoder(tokenizer=TOKENIZER, task="next_token", length=len(one + two))
    # The first piece predicts all its tokens but one; this is the index of the second's first.
    for position, piece, place in (
        (0, one, 1),
        (len(one) - 2, one, len(one) - 1),
        (len(one) - 1, two, 1),
    ):
        (thumbnail,) = token_thumbnails(frame, encoder, [(0, position)])
        assert thumbnail.text == TOKENIZER.decode(piece[:place])
        assert thumbnail.text + thumbnail.token == TOKENIZER.decode(piece[: place + 1])
        rest = TOKENIZER.decode(piece)[len(thumbnail.text + thumbnail.token) :]
        assert rest.startswith(thumbnail.after.removesuffix("…"))
        assert len(thumbnail.after) == min(len(rest), MOST_AFTER)
    with pytest.raises(DataError, match="has no token"):
        token_thumbnails(frame, encoder, [(0, len(one + two) - 2)])


def test_a_hidden_token_is_shown_where_it_stood() -> None:
    tokenizer = train_tokenizer(sentences(40), 300, "masked_token")
    encoder = SequenceEncoder(tokenizer=tokenizer, task="masked_token", length=40, mask_share=0.3)
    ids = tokenizer.encode(sentences(1))[0].ids.tolist()
    frame = pl.DataFrame(
        {"tokens": [ids], "starts": [[0]], "example_id": [b"k" * 16]},
        schema={"tokens": pl.List(pl.Int32), "starts": pl.List(pl.Int32), "example_id": pl.Binary},
    )
    hidden = np.flatnonzero(encoder.encode(frame)[0, 2] >= 0)
    for position, place in enumerate(hidden):
        (thumbnail,) = token_thumbnails(frame, encoder, [(0, position)])
        assert thumbnail.text == tokenizer.decode(ids[:place])
        until = thumbnail.text + thumbnail.token + thumbnail.after.removesuffix("…")
        assert tokenizer.decode(ids).startswith(until)
        assert thumbnail.token


def test_a_text_that_means_harm_is_words_on_the_page() -> None:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    source = (
        '{% from "sections/thumbnails.html.j2" import image_of, text_of %}'
        "{{ image_of(shown, alt) }}{{ text_of(shown) }}"
    )
    harm = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{ 7 * 7 }}'
    for thumbnail in (
        text_thumbnail(harm),
        Thumbnail(text="a", token=harm, after=harm),
        image_thumbnail(np.zeros((2, 2), np.uint8)),
    ):
        html = environment.from_string(source).render(shown=thumbnail, alt=harm)
        assert "<script" not in html
        assert "<img src=x" not in html
    assert html.count("<img") == 1
    assert "{{ 7 * 7 }}" in environment.from_string(source).render(
        shown=text_thumbnail(harm), alt=""
    )
