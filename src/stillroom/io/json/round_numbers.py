"""Round the floats of a document of plain values.

The last bits of a float carry no information, but they would change every line of a diff.
"""

from typing import Any

DECIMALS = 6


def rounded(value: Any) -> Any:
    """Return a document with its floats rounded to 6 decimals, at any depth."""
    match value:
        case float():
            return round(value, DECIMALS) + 0.0  # rounding can give -0.0, which becomes 0.0
        case dict():
            return {key: rounded(item) for key, item in value.items()}
        case list() | tuple():
            return [rounded(item) for item in value]
    return value
