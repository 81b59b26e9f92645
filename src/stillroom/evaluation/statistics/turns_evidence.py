"""Turns evidence: how good each model is on the first, second, … turn of a conversation.

TurnsEvidence ──to_json──> turns.json ──from_json──> TurnsEvidence
"""

from dataclasses import asdict
from typing import Any

from pydantic.dataclasses import dataclass

from stillroom.evaluation.statistics.bootstrap import Estimate
from stillroom.io.json.validated_json import checked

LAST = 5  # this turn and all later ones are one row


@dataclass(frozen=True)
class TurnQuality:
    """How good a model is on the positions of a turn.

    Attributes:
        nll: nats per token.
        agreement: the share of positions with the teacher's first choice.
        kl_to_teacher: KL(teacher || model), in nats.
        overconfidence: mean confidence minus accuracy.
        ece: the calibration error of the first choice, the mean over runs.
    """

    nll: Estimate
    agreement: Estimate
    kl_to_teacher: Estimate
    overconfidence: Estimate
    ece: float


@dataclass(frozen=True)
class TurnEvidence:
    """A turn, and how good each model is on it.

    Attributes:
        turn: its number among the learnt turns of its conversation; `LAST` has all later ones too.
        name: as the page shows it.
        tokens: how many positions it has in all sequences.
        sequences: how many sequences have such a turn.
        arms: the quality of each arm.
        gain: NLL of the control minus that of the student, in nats, paired by sequence.
    """

    turn: int
    name: str
    tokens: int
    sequences: int
    arms: dict[str, TurnQuality]
    gain: Estimate


@dataclass(frozen=True)
class TurnsEvidence:
    """All turns; none if all positions are of one turn."""

    turns: list[TurnEvidence]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: object) -> "TurnsEvidence":
        """Read what `to_json` wrote.

        Raises:
            DataError: the document has another form.
        """
        return checked(cls, document, "turns.json", "evaluate")
