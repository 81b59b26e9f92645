"""Exceptions in the code of a kind: whose code it was decides what becomes of them."""

import pytest

from stillroom.errors import ConfigError, ModelError
from stillroom.kinds.kind_errors import named_errors


def test_an_error_of_ours_keeps_its_class() -> None:
    with (
        pytest.raises(ModelError, match=r"^The format x: too large\. Shrink it\.$"),
        named_errors("The format x", "elsewhere.code", "remove x"),
    ):
        raise ModelError("too large. Shrink it.")


def test_any_exception_of_another_package_is_one_line() -> None:
    with (
        pytest.raises(ConfigError) as raised,
        named_errors("The format x", "elsewhere.code", "remove x from the list"),
    ):
        raise ValueError("one\n  two")
    assert str(raised.value) == (
        "The format x failed in elsewhere.code: ValueError: one two. Correct it, or remove x from "
        "the list."
    )
    assert isinstance(raised.value.__cause__, ValueError)


def test_a_defect_of_our_own_keeps_its_traceback() -> None:
    with (
        pytest.raises(ValueError, match="one") as raised,
        named_errors("The format x", "stillroom.export.formats", "remove x"),
    ):
        raise ValueError("one")
    assert raised.value.args == ("one",)
    assert raised.value.__notes__ == ["in: The format x"]
