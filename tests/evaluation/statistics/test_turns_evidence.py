"""The document of turns."""

import pytest

from stillroom.errors import DataError
from stillroom.evaluation.statistics.bootstrap import Estimate
from stillroom.evaluation.statistics.turns_evidence import TurnEvidence, TurnQuality, TurnsEvidence

HALF = Estimate(0.5, 0.25, 0.75)
QUALITY = TurnQuality(nll=HALF, agreement=HALF, kl_to_teacher=HALF, overconfidence=HALF, ece=0.1)


def test_what_is_written_is_read() -> None:
    turn = TurnEvidence(
        turn=1, name="1", tokens=9, sequences=3, arms={"student": QUALITY}, gain=HALF
    )
    evidence = TurnsEvidence([turn])
    assert TurnsEvidence.from_json(evidence.to_json()) == evidence


def test_another_document_is_refused() -> None:
    with pytest.raises(DataError, match=r"turns\.json: turns\.0\.turn is malformed"):
        TurnsEvidence.from_json({"turns": [{"turn": "first"}]})
