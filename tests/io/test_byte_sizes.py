"""Sizes in bytes: the texts that users write and read."""

import pytest

from stillroom.errors import ConfigError
from stillroom.io.byte_sizes import bytes_of, size_text


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("12", 12),
        ("800kB", 800_000),
        ("200MB", 200_000_000),
        (" 1.5 gb ", 1_500_000_000),
        ("64MiB", 67_108_864),
    ],
)
def test_a_size_is_read_with_its_unit(text: str, size: int) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-3MB", "20 apples", "1e6", "nan"])
def test_a_text_that_is_not_a_size_is_an_error_with_an_example(text: str) -> None:
    with pytest.raises(
        ConfigError, match=r"is not a size\. Write a number and a unit, as in 800kB"
    ):
        bytes_of(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1234, "1.23 kB"),
        (45_678, "45.7 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (2.5e12, "2.50 TB"),
        (2.5e15, "2500 TB"),
    ],
)
def test_a_size_has_three_digits_and_a_unit(size: float, text: str) -> None:
    assert size_text(size) == text
