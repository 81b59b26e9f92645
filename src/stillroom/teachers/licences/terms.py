"""Terms: what a licence, or the terms of a service, say about training on answers."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["allowed", "conditions", "forbidden", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One entry of the licence index.

    Attributes:
        name: the name of the document.
        verdict: whether answers may train another model; `unknown` if we have not read it.
        says: the clause in our words.
        source: version or date, and section.
        conditions: what a user must or must not do with a student that was trained on answers.
        layers: what applies in addition if the student starts with layers of the teacher.
        student: the licence that a student must have, as the Hub names it; None if any will do.
        link: the address of the document.
    """

    name: str
    verdict: Verdict
    says: str
    source: str
    conditions: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    student: str | None = None
    link: str | None = None
