"""Alarms: what cannot be right about a run, each with its numbers and a way out.

    checks ──> Alarm, Alarm, … ──to_json──> data_alarms ──> teacher_alarms ──> alarms
                                 └─require_none──> SanityError, or the run goes on without export

Each of the three documents holds all alarms that are known by then. It is written before the stop,
so that what spends later sees them too, whatever stage is run. An alarm is no verdict on how
good a student is. Under an alarm such a verdict would mean nothing, so none is given.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pydantic.dataclasses import dataclass

from stillroom.config.schema.run_schema import Sanity
from stillroom.errors import SanityError
from stillroom.io.json.validated_json import STRICT, checked

GO_ON = (
    "To see the report all the same, set evaluate.sanity=warn; nothing is exported while there is "
    "an alarm."
)


@dataclass(frozen=True, config=STRICT)
class Alarm:
    """One finding.

    Attributes:
        code: its kind, such as `teacher_at_chance`.
        text: one sentence with the numbers.
        way_out: what the user can do.
        teacher: the number of the teacher that it is about, from 1; None for all others.
    """

    code: str
    text: str
    way_out: str
    teacher: int | None = None

    @property
    def sentence(self) -> str:
        """The finding and the way out, in one line."""
        return f"Alarm: {self.text} {self.way_out}"


def to_json(alarms: Sequence[Alarm]) -> list[dict[str, Any]]:
    """Return plain values."""
    return [asdict(alarm) for alarm in alarms]


def from_json(document: object) -> tuple[Alarm, ...]:
    """Read what `to_json` wrote.

    Raises:
        DataError: the document has another form.
    """
    return checked(tuple[Alarm, ...], document, "the alarms", "ingest")


def known_alarms(*documents: object) -> tuple[Alarm, ...]:
    """Return the alarms of several documents, each once.

    Each document has those of the stages before it as they were when it was written. If such a
    stage ran again since, its own document says more.

    Raises:
        DataError: a document has another form.
    """
    every = (alarm for document in documents for alarm in from_json(document))
    return tuple(dict.fromkeys(every))


def sentences(document: object) -> tuple[str, ...]:
    """Return the alarms of a document as sentences, to be shown.

    Raises:
        DataError: the document has another form.
    """
    return tuple(alarm.sentence for alarm in from_json(document))


def require_none(alarms: Sequence[Alarm], sanity: Sanity) -> None:
    """Stop at an alarm, unless the parameters say to go on.

    Args:
        alarms: all that are known.
        sanity: `evaluate.sanity`.

    Raises:
        SanityError: there is an alarm; the message has a line for each.
    """
    if alarms and sanity == "stop":
        raise SanityError("\n".join([*(alarm.sentence for alarm in alarms), GO_ON]))
