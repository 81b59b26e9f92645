"""The common beginning of two texts: text, text ──> how many characters they share."""


def common_length(text: str, other: str) -> int:
    """Return how many characters two texts share at their beginning, in logarithmic steps."""
    few, many = 0, min(len(text), len(other))
    while few < many:
        middle = (few + many + 1) // 2
        if text[few:middle] == other[few:middle]:
            few = middle
        else:
            many = middle - 1
    return few
