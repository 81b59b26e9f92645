"""Captured positions: how many positions of sequences the teachers answer, of how many tokens.

    examples ──encoder──> labelled positions, tokens ──> CapturedPositions

Of conversations these are the tokens that the assistant says; prompts cost no soft labels.
"""

from dataclasses import dataclass

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.data.text.token_layout import LABELS, TOKENS
from stillroom.io.tables import TableFile

ROWS_AT_ONCE = 2048


@dataclass(frozen=True, slots=True)
class CapturedPositions:
    """Over all examples, once for each.

    Attributes:
        captured: the positions that have a soft label.
        tokens: the tokens.
    """

    captured: int
    tokens: int


def captured_positions(examples: TableFile, encoder: Encoder) -> CapturedPositions | None:
    """Return the positions of sequences; None for other examples, which have one each.

    Raises:
        DataError: the table is damaged, or an example does not fit the encoder.
    """
    if not isinstance(encoder, SequenceEncoder):
        return None
    captured = tokens = 0
    for frame in examples.batches(ROWS_AT_ONCE):
        encoded = encoder.encode(frame)
        captured += int((encoded[:, LABELS] >= 0).sum())
        tokens += int((encoded[:, TOKENS] >= 0).sum())
    return CapturedPositions(captured, tokens)
