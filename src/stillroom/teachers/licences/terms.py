"""Terms: what a licence, or a service's terms of use, say about training on a model's answers."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["allowed", "conditions", "forbidden", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One entry of the table.

    Attributes:
        name: of the document.
        verdict: whether answers may train another model; `unknown` where nobody here has read it.
        says: the clause in our words.
        source: version or date, and section.
        conditions: what must be done or left where a student was trained on answers.
        layers: what must be done besides, where the student begins with the teacher's own layers.
        student: the licence that a student must carry, as the Hub has it; None where it is free.
        link: where the document lies.
    """

    name: str
    verdict: Verdict
    says: str
    source: str
    conditions: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    student: str | None = None
    link: str | None = None
