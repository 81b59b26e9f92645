"""Example conversation: one rendered conversation, short enough to be shown on a page.

runs of text, learnt or not ──the middle of long ones left out──> [{"text", "learnt"}, …]
"""

from collections.abc import Sequence

MOST_RUNS = 16
LONGEST = 400  # characters of a run; of a longer one the middle is left out
GAP = " … "

Example = list[dict[str, str | bool]]


def example_conversation(runs: Sequence[tuple[str, bool]]) -> Example:
    """Return the first runs of a conversation as plain values.

    The ends of a run stay, because the token that ends a turn is learnt too.
    """
    shown: Example = [{"text": _short(text), "learnt": learnt} for text, learnt in runs[:MOST_RUNS]]
    if len(runs) > MOST_RUNS:
        shown.append({"text": GAP.strip(), "learnt": False})
    return shown


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST // 2]}{GAP}{text[-LONGEST // 2 :]}"
