"""The section with the quality by turn."""

from stillroom.evaluation.statistics.bootstrap import Estimate
from stillroom.evaluation.statistics.turns_evidence import TurnEvidence, TurnQuality, TurnsEvidence
from stillroom.reporting.page import html_of
from stillroom.reporting.sections.answers.turns import SECTION, build

ARMS = ("teacher", "control", "student")


def quality(nll: float) -> TurnQuality:
    half = Estimate(0.5, 0.4, 0.6)
    return TurnQuality(
        nll=Estimate(nll, nll - 0.1, nll + 0.1),
        agreement=half,
        kl_to_teacher=half,
        overconfidence=half,
        ece=0.021,
    )


def test_each_turn_is_a_row_with_each_model() -> None:
    turns = [
        TurnEvidence(
            turn=turn,
            name=name,
            tokens=1000 * turn,
            sequences=9,
            arms={arm: quality(turn + place / 8) for place, arm in enumerate(ARMS)},
            gain=Estimate(0.125, -0.1, 0.3),
        )
        for turn, name in ((1, "1"), (5, "5 and later"))
    ]
    view = build(TurnsEvidence(turns).to_json())
    assert view is not None
    assert [row.name for row in view.rows] == ["1", "5 and later"]
    assert view.rows[0].nll == [
        ("1.000", "0.900 to 1.100"),
        ("1.125", "1.025 to 1.225"),
        ("1.250", "1.150 to 1.350"),
    ]
    assert view.rows[0].gain == ("+0.125", "-0.100 to 0.300")
    assert view.rows[1].others == [("50.0%", "0.500", "2.1%")] * 2
    html = html_of(SECTION, view)
    assert "5 and later" in html
    assert "5,000" in html


def test_without_several_turns_there_is_no_section() -> None:
    assert build({}) is None
    assert build({"turns": []}) is None
