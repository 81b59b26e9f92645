"""The common beginning of two texts."""

from itertools import takewhile

import pytest

from stillroom.data.chat.common_beginning import common_length


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("", ""),
        ("a", ""),
        ("ab", "ab"),
        ("abc", "abd"),
        ("abcd", "abc"),
        ("x🎉y", "x🎉z"),
        ("a", "b"),
    ],
)
def test_it_ends_at_the_first_difference(text: str, other: str) -> None:
    assert (
        common_length(text, other)
        == common_length(other, text)
        == len([*takewhile(lambda pair: pair[0] == pair[1], zip(text, other, strict=False))])
    )
