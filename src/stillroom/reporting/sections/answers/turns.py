"""Turns section: how good each model is on the first, second, … turn of a conversation."""

from dataclasses import dataclass
from typing import Any

from stillroom.reporting.section import Section


@dataclass(frozen=True, slots=True)
class TurnRow:
    """One turn: its name, how many tokens it has, and texts for each model.

    Attributes:
        name, tokens: of the turn.
        nll: of each model, with its interval.
        gain: of the student over its control, with its interval.
        others: agreement, KL and calibration error, of control and student.
    """

    name: str
    tokens: int
    nll: list[tuple[str, str]]
    gain: tuple[str, str]
    others: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class TurnsView:
    """What the template shows: the names of the models, and a row for each turn."""

    titles: list[str]
    compared: list[str]
    rows: list[TurnRow]


def build(turns: dict[str, Any]) -> TurnsView | None:
    """Return the table; None without conversations of several turns.

    Raises:
        DataError: the document is not one that evaluate writes.
    """
    from stillroom.evaluation.arms import TEACHER
    from stillroom.evaluation.statistics.turns_evidence import TurnsEvidence
    from stillroom.reporting.display_names import title
    from stillroom.reporting.table_rows import ORDER
    from stillroom.reporting.units import NATS, percent

    evidence = TurnsEvidence.from_json(turns).turns if turns else []
    if not evidence:
        return None
    models = [model for model in ORDER if model in evidence[0].arms]
    compared = [model for model in models if model != TEACHER]
    return TurnsView(
        titles=[title(model) for model in models],
        compared=[title(model) for model in compared],
        rows=[
            TurnRow(
                name=one.name,
                tokens=one.tokens,
                nll=[
                    (f"{nll.value:.3f}", NATS.interval(nll))
                    for nll in (one.arms[model].nll for model in models)
                ],
                gain=(f"{one.gain.value:+.3f}", NATS.interval(one.gain)),
                others=[
                    (
                        percent(one.arms[model].agreement.value),
                        f"{one.arms[model].kl_to_teacher.value:.3f}",
                        percent(one.arms[model].ece),
                    )
                    for model in compared
                ],
            )
            for one in evidence
        ],
    )


SECTION = Section(name="turns", inputs=("turns",), build=build, template="sections/turns.html.j2")
