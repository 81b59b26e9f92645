"""Encoders: numbers worked out by hand, and hostile documents."""

import json
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.data.encoders import ArrayEncoder, fit_encoder
from stillroom.errors import DataError

CLASSES = ("a", "b")


def images(*contents):
    return pl.DataFrame({"image": pl.Series(contents, dtype=pl.Binary)})


def features(*rows):
    return pl.DataFrame({"features": pl.Series(rows, dtype=pl.List(pl.Float64))})


def texts(*values):
    return pl.DataFrame({"text": pl.Series(values, dtype=pl.String)})


def test_grey_pixels_are_standardised():
    # Pixels 0, 0, 255, 255 as shares of one: mean 0.5, standard deviation 0.5.
    encoder = fit_encoder(images(b"\x00\x00", b"\xff\xff"), "image", CLASSES, (1, 2, 1))
    assert (encoder.mean, encoder.scale) == ((0.5,), (0.5,))
    assert encoder.shape == (1, 1, 2)
    assert encoder.encode(images(b"\x00\xff")).tolist() == [[[[-1.0, 1.0]]]]


def test_channels_come_first_and_each_has_its_own_statistics():
    # One image, height 1, width 2: red 0, 255; green 255, 255; blue 0, 51.
    frame = images(bytes([0, 255, 0, 255, 255, 51]))
    encoder = fit_encoder(frame, "image", CLASSES, (1, 2, 3))
    assert encoder.shape == (3, 1, 2)
    assert encoder.mean == pytest.approx((0.5, 1.0, 0.1))
    # Green is constant: its scale is 1, not 0.
    assert encoder.scale == pytest.approx((0.5, 1.0, 0.1))
    encoded = encoder.encode(frame)
    assert encoded.dtype == np.float32
    assert encoded[0] == pytest.approx(np.array([[[-1, 1]], [[0, 0]], [[-1, 1]]]), abs=1e-6)


def test_image_statistics_do_not_depend_on_the_order_of_the_rows():
    drawn = np.random.default_rng(0).integers(0, 256, (50, 12), np.uint8)
    contents = [row.tobytes() for row in drawn]
    forth = fit_encoder(images(*contents), "image", CLASSES, (2, 2, 3))
    assert fit_encoder(images(*contents[::-1]), "image", CLASSES, (2, 2, 3)) == forth
    numbers = drawn.reshape(-1, 3) / 255
    assert forth.mean == pytest.approx(numbers.mean(axis=0))
    assert forth.scale == pytest.approx(numbers.std(axis=0))


def test_features_are_standardised_per_column_and_a_constant_one_becomes_zero():
    frame = features([1.0, 0.1], [3.0, 0.1], [5.0, 0.1])
    encoder = fit_encoder(frame, "features", CLASSES, (2,))
    # Mean 3, variance (4 + 0 + 4) / 3.
    assert encoder.mean == pytest.approx((3.0, 0.1))
    assert encoder.scale == pytest.approx((math.sqrt(8 / 3), 1.0))
    root = math.sqrt(1.5)
    expected = np.array([[-root, 0], [0, 0], [root, 0]])
    assert encoder.encode(frame) == pytest.approx(expected, abs=1e-6)
    assert encoder.encode(frame)[:, 1].tolist() == [0, 0, 0]


def test_features_that_overflow_are_refused():
    with pytest.raises(DataError, match=r"spread of feature 1 .* is too large"):
        fit_encoder(features([0.0, 1e308], [1.0, -1e308]), "features", CLASSES, (2,))


def test_a_feature_too_far_from_the_training_data_is_refused_when_encoded():
    encoder = fit_encoder(features([0.0], [1.0]), "features", CLASSES, (1,))
    with pytest.raises(DataError, match="Row 1 of the examples holds a feature that is too far"):
        encoder.encode(features([0.0], [1e300]))


def test_a_text_is_the_hashed_counts_of_its_words_and_pairs():
    encoder = fit_encoder(texts("good card"), "text", CLASSES, ())
    encoded = encoder.encode(texts("good card", "good good", "", "card good"))
    assert encoded.shape == (4, 4096)
    # good, card, "good card": three features of weight 1, so each is 1 / sqrt(3).
    assert sorted(encoded[0][encoded[0] > 0]) == pytest.approx([1 / math.sqrt(3)] * 3)
    # good twice, "good good" once: 1 + log 2 and 1.
    weight = 1 + math.log(2)
    norm = math.hypot(weight, 1)
    assert sorted(encoded[1][encoded[1] > 0]) == pytest.approx([1 / norm, weight / norm])
    assert not encoded[2].any()
    # The pair differs; the words are the same.
    assert float(encoded[0] @ encoded[3]) == pytest.approx(2 / 3)


def test_rows_encode_alone_as_they_do_together():
    encoder = fit_encoder(texts("a"), "text", CLASSES, ())
    frame = texts("lost my card", "top up failed again", "lost again")
    alone = [encoder.encode(frame[row]) for row in range(3)]
    assert np.concatenate(alone).tobytes() == encoder.encode(frame).tobytes()


@pytest.mark.parametrize("kind", ["image", "features", "text"])
def test_no_rows_encode_to_no_rows(kind):
    fitted = {
        "image": fit_encoder(images(b"\x00\x01"), "image", CLASSES, (1, 2, 1)),
        "features": fit_encoder(features([1.0, 2.0]), "features", CLASSES, (2,)),
        "text": fit_encoder(texts("a"), "text", CLASSES, ()),
    }[kind]
    none = {"image": images(), "features": features(), "text": texts()}[kind]
    assert fitted.encode(none).shape == (0, *fitted.shape)


@pytest.mark.parametrize(
    "frame",
    [images(b"\x00\x01", b"\x00"), images(b"\x00\x01", None), features([1.0, 2.0]), texts("a")],
    ids=["another size", "missing", "features", "text"],
)
def test_rows_that_do_not_fit_the_encoder_are_refused(frame):
    encoder = fit_encoder(images(b"\x00\x01"), "image", CLASSES, (1, 2, 1))
    with pytest.raises(DataError, match="ingest"):
        encoder.encode(frame)


def test_features_of_another_length_are_refused():
    encoder = fit_encoder(features([1.0, 2.0]), "features", CLASSES, (2,))
    with pytest.raises(DataError, match="Row 1 of the examples is not 2 features"):
        encoder.encode(features([1.0, 2.0], [1.0]))


pairs = st.lists(st.integers(-(10**6), 10**6).map(lambda n: n / 7), min_size=2, max_size=2)


@given(st.lists(pairs, min_size=1, max_size=20))
@settings(max_examples=50)
def test_an_encoder_survives_json_to_the_bit(rows):
    encoder = fit_encoder(features(*rows), "features", ("0", "ä"), (2,))
    assert ArrayEncoder.from_json(json.loads(json.dumps(encoder.to_json()))) == encoder


def test_an_encoder_of_spaced_texts_is_stored_as_ever():
    encoder = fit_encoder(texts("a new card", "an old one"), "text", CLASSES, ())
    assert "words" not in encoder.to_json()
    assert ArrayEncoder.from_json(encoder.to_json()) == encoder


def test_an_encoder_of_texts_without_blanks_names_its_words():
    encoder = fit_encoder(texts("a new card", "很棒"), "text", CLASSES, ())
    assert encoder.to_json()["words"] == "mixed"
    assert ArrayEncoder.from_json(encoder.to_json()) == encoder
    assert (encoder.encode(texts("很差", "很棒"))[0] > 0).sum() == 3
    assert encoder.encode(texts("很差", "很棒")).astype(float).prod(axis=0).sum() > 0
