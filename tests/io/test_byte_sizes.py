"""Sizes: what people write, and what they read."""

import pytest

from stillroom.errors import ConfigError
from stillroom.io.byte_sizes import parsed, told


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
    assert parsed(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-3MB", "20 apples", "1e6", "nan"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a size\. Write it as in 800kB, 200MB"):
        parsed(text)


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
def test_a_size_is_told_with_three_digits(size: float, text: str) -> None:
    assert told(size) == text
