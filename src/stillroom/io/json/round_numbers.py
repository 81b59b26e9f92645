"""Rounding: a document of plain values in, the same with numbers of so many decimals out.

The last bits of a float say nothing, and would make every diff of a document as long as itself.
"""

from typing import Any

DECIMALS = 6


def rounded(value: Any) -> Any:
    """Return a document with its floats rounded to 6 decimals, however deep they lie."""
    match value:
        case float():
            return round(value, DECIMALS) + 0.0  # -0.0, as rounding leaves it, becomes 0.0
        case dict():
            return {key: rounded(item) for key, item in value.items()}
        case list() | tuple():
            return [rounded(item) for item in value]
    return value
