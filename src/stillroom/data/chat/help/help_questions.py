"""Help questions: facts about Python's library in, questions with answers that can be checked out.

    CallableFacts | TopicFacts, kind ──phrasing drawn──> Question(asked, answer, said, tool)

`answer` alone is right or wrong: a number, a name,
a value, yes or no, or a sentence. `said` is a full sentence that contains it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

from stillroom.data.chat.help.help_phrasings import PHRASINGS, TOPIC_PHRASINGS
from stillroom.data.chat.help.library_facts import CallableFacts, LibraryFacts, TopicFacts

Tool = Literal["signature", "summary", "topic"]
Values = Mapping[str, str]
ValuesOf = Callable[[CallableFacts, Random, LibraryFacts], Values | None]
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
NONE = "none"


@dataclass(frozen=True, slots=True)
class Question:
    """A question about one callable or topic.

    Attributes:
        kind: the name of the kind.
        asked: what the user says.
        answer: the answer alone.
        said: the answer in a sentence, which contains `answer`.
        tool: the tool that tells what the answer follows from; None if calling one would name it.
        subjects: what the tool is called with, one call each.
    """

    kind: str
    asked: str
    answer: str
    said: str
    tool: Tool | None
    subjects: tuple[str, ...]


def ask(
    kind: str, subject: CallableFacts | TopicFacts, facts: LibraryFacts, rng: Random, *, again: bool
) -> Question | None:
    """Return a question of a kind about a subject; None if the kind does not suit it.

    Args:
        kind: a name in `kinds_of(subject)`.
        subject: what is asked about.
        facts: all facts, from which other names are drawn.
        rng: draws the phrasing.
        again: whether the question before was about the same subject, so that its name can be left
            out.
    """
    if isinstance(subject, TopicFacts):
        tool, phrasing = _TOPIC_TOOLS[kind], TOPIC_PHRASINGS[kind]
        values: Values | None = _topic_values(kind, subject)
    else:
        (tool, values_of), phrasing = _KINDS[kind], PHRASINGS[kind]
        values = values_of(subject, rng, facts)
    if values is None:
        return None
    words = {"name": subject.name, **values}
    ways = phrasing.followed if again and phrasing.followed else phrasing.asked
    return Question(
        kind=kind,
        asked=rng.choice(ways).format(**words),
        answer=words["answer"],
        said=rng.choice(phrasing.said).format(**words),
        tool=tool,
        subjects=(subject.name, words["other"]) if "other" in words else (subject.name,),
    )


def kinds_of(subject: CallableFacts | TopicFacts) -> tuple[str, ...]:
    """Return the kinds of questions about a subject."""
    return tuple(_TOPIC_TOOLS if isinstance(subject, TopicFacts) else _KINDS)


def listed(names: list[str]) -> str:
    """Return "a", "a and b" or "a, b and c"; "none" for no names."""
    if not names:
        return NONE
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _count(subject: CallableFacts, rng: Random, facts: LibraryFacts) -> Values:
    names = [one.name for one in subject.parameters]
    noun = "parameter" if len(names) == 1 else "parameters"
    return {"answer": str(len(names)), "noun": noun, "all": listed(names)}


def _default(subject: CallableFacts, rng: Random, facts: LibraryFacts) -> Values | None:
    choices = [one for one in subject.parameters if one.default is not None]
    if not choices:
        return None
    chosen = rng.choice(choices)
    return {"parameter": chosen.name, "answer": str(chosen.default)}


def _has(subject: CallableFacts, rng: Random, facts: LibraryFacts) -> Values | None:
    own = [one.name for one in subject.parameters]
    if rng.random() < 0.5:
        return {"parameter": rng.choice(own), "answer": "Yes", "does": "has"}
    others = {one.name for one in rng.choice(facts.callables).parameters} - set(own)
    if not others:
        return None
    return {"parameter": rng.choice(sorted(others)), "answer": "No", "does": "does not have"}


def _module(subject: CallableFacts, rng: Random, facts: LibraryFacts) -> Values | None:
    same = [one for one in facts.callables if one.short == subject.short]
    return {"short": subject.short, "answer": subject.module} if len(same) == 1 else None


def _summary(subject: CallableFacts, rng: Random, facts: LibraryFacts) -> Values:
    return {"answer": subject.sentence}


def _required(subject: CallableFacts, rng: Random, facts: LibraryFacts) -> Values:
    return {"answer": listed([one.name for one in subject.parameters if one.default is None])}


def _optional(subject: CallableFacts, rng: Random, facts: LibraryFacts) -> Values:
    count = sum(one.default is not None for one in subject.parameters)
    return {"answer": str(count), "noun": "default" if count == 1 else "defaults"}


def _place(subject: CallableFacts, rng: Random, facts: LibraryFacts) -> Values:
    place = rng.randrange(len(subject.parameters))
    return {"ordinal": ORDINALS[place], "answer": subject.parameters[place].name}


def _by_keyword(subject: CallableFacts, rng: Random, facts: LibraryFacts) -> Values | None:
    names = [one.name for one in subject.parameters if one.by_keyword]
    return {"answer": listed(names)} if names or rng.random() < 0.2 else None


def _signature(subject: CallableFacts, rng: Random, facts: LibraryFacts) -> Values:
    return {"answer": subject.signature}


def _more(subject: CallableFacts, rng: Random, facts: LibraryFacts) -> Values | None:
    other = rng.choice(facts.callables)
    counts = len(subject.parameters), len(other.parameters)
    if counts[0] == counts[1]:
        return None
    answer = subject.name if counts[0] > counts[1] else other.name
    return {
        "other": other.name,
        "answer": answer,
        "most": str(max(counts)),
        "fewest": str(min(counts)),
    }


def _topic_values(kind: str, subject: TopicFacts) -> Values:
    answers = {"title": subject.title, "topic": subject.name, "sentence": subject.sentence}
    return {"title": subject.title, "answer": answers[kind]}


_KINDS: Mapping[str, tuple[Tool | None, ValuesOf]] = {
    "count": ("signature", _count),
    "default": ("signature", _default),
    "has": ("signature", _has),
    "module": (None, _module),
    "summary": ("summary", _summary),
    "required": ("signature", _required),
    "optional": ("signature", _optional),
    "place": ("signature", _place),
    "by_keyword": ("signature", _by_keyword),
    "signature": ("signature", _signature),
    "more": ("signature", _more),
}
_TOPIC_TOOLS: Mapping[str, Tool | None] = {"title": "topic", "topic": None, "sentence": "topic"}
