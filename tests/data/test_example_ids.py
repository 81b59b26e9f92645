"""Example ids: the key of an example, and the uniform numbers of a key."""

import hashlib
import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stillroom.data.example_ids import example_ids, unit_interval

finite = st.floats(allow_nan=False, allow_infinity=False)
ids = st.binary(min_size=16, max_size=16)


def test_a_key_is_the_blake2b_of_kind_dimensions_and_pixels():
    message = b"image\0" + b"\x03" + struct.pack("<QQQ", 1, 2, 1) + b"\x07\xff"
    expected = hashlib.blake2b(message, digest_size=16, person=b"stillroom.examp1").digest()
    assert example_ids("image", (1, 2, 1), [b"\x07\xff"]) == [expected]


def test_a_text_is_hashed_as_utf_8():
    message = b"text\0\x00" + b"caf\xc3\xa9"
    expected = hashlib.blake2b(message, digest_size=16, person=b"stillroom.examp1").digest()
    assert example_ids("text", (), ["café"]) == [expected]


def test_features_are_hashed_as_little_endian_float64():
    message = b"features\0\x01" + struct.pack("<Q", 2) + struct.pack("<dd", 1.5, -2.0)
    expected = hashlib.blake2b(message, digest_size=16, person=b"stillroom.examp1").digest()
    assert example_ids("features", (2,), [[1.5, -2.0]]) == [expected]


def test_minus_zero_and_zero_have_one_key():
    assert example_ids("features", (1,), [[-0.0]]) == example_ids("features", (1,), [[0.0]])


def test_the_byte_order_of_an_array_does_not_change_its_key():
    big = np.array([[1.5, 2.5]], dtype=">f8")
    assert example_ids("features", (2,), big) == example_ids("features", (2,), [[1.5, 2.5]])


def test_equal_bytes_of_another_shape_or_kind_have_another_key():
    keys = [
        *example_ids("image", (1, 2, 1), [b"ab"]),
        *example_ids("image", (2, 1, 1), [b"ab"]),
        *example_ids("text", (), ["ab"]),
    ]
    assert len(set(keys)) == 3


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True))
def test_different_texts_have_different_keys_of_16_bytes(texts):
    keys = example_ids("text", (), texts)
    assert len(set(keys)) == len(texts)
    assert all(len(key) == 16 for key in keys)


@given(st.lists(st.lists(finite, min_size=3, max_size=3), min_size=1))
def test_a_key_does_not_depend_on_what_stands_beside_it(rows):
    together = example_ids("features", (3,), rows)
    alone = [example_ids("features", (3,), [row])[0] for row in rows]
    assert together == alone


@given(st.lists(ids), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_number_lies_in_zero_to_below_one_and_belongs_to_its_id(keys, salt):
    numbers = unit_interval(keys, salt)
    assert ((numbers >= 0) & (numbers < 1)).all()
    assert numbers[::-1].tolist() == unit_interval(keys[::-1], salt).tolist()


def test_a_number_is_the_top_53_bits_of_the_hash():
    message = struct.pack("<Q", 1) + b"s" + b"k" * 16
    digest = hashlib.blake2b(message, digest_size=8, person=b"stillroom.unit.1").digest()
    expected = (int.from_bytes(digest, "little") // 2**11) / 2**53
    assert unit_interval([b"k" * 16], "s").tolist() == [expected]


def test_20000_numbers_are_uniform():
    numbers = unit_interval([i.to_bytes(16, "little") for i in range(20_000)], "a")
    counts, _ = np.histogram(numbers, bins=20, range=(0, 1))
    # chi-square with 19 degrees of freedom: 43.8 is exceeded once in 1,000.
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8


def test_numbers_under_two_salts_are_uncorrelated():
    keys = [i.to_bytes(16, "little") for i in range(20_000)]
    correlation = np.corrcoef(unit_interval(keys, "split:0"), unit_interval(keys, "label:0"))[0, 1]
    assert abs(correlation) < 4 / np.sqrt(20_000)
