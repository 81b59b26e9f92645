"""Help phrasings: the ways to ask each kind of question about Python's library, and to answer it.

The names in braces are those that `help_questions` fills in.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrasing:
    """The ways to put one kind of question.

    Attributes:
        asked: ways to ask, with the name of the subject.
        followed: ways to ask about the subject of the question before; none if it must be named.
        said: ways to answer in a sentence, each with the answer.
    """

    asked: tuple[str, ...]
    followed: tuple[str, ...]
    said: tuple[str, ...]


PHRASINGS: Mapping[str, Phrasing] = {
    "count": Phrasing(
        (
            "How many parameters does {name} take?",
            "What is the number of parameters of {name}?",
            "Count the parameters of {name}, please.",
            "I want to call {name}. How many parameters are there?",
        ),
        (
            "And how many parameters does it take?",
            "How many parameters are there in all?",
            "What is the number of its parameters?",
        ),
        (
            "{name} takes {answer} {noun}: {all}.",
            "It has {answer} {noun}, namely {all}.",
            "There are {answer} in all: {all}.",
        ),
    ),
    "default": Phrasing(
        (
            "What is the default of {parameter} in {name}?",
            "If I call {name} without {parameter}, which value is used?",
            "Which default does {name} have for {parameter}?",
            "Tell me the default value of {parameter} for {name}.",
        ),
        (
            "What is the default of {parameter}?",
            "And if I leave out {parameter}?",
            "Which value does {parameter} have by default?",
        ),
        (
            "The default of {parameter} is {answer}.",
            "Without a value, {parameter} is {answer}.",
            "{name} uses {parameter}={answer}.",
        ),
    ),
    "has": Phrasing(
        (
            "Does {name} have a parameter {parameter}?",
            "Can I pass {parameter} to {name}?",
            "Is {parameter} a parameter of {name}?",
            "Yes or no: does {name} accept {parameter}?",
        ),
        (
            "Does it have a parameter {parameter}?",
            "Can I pass {parameter} to it?",
            "Is there a parameter {parameter} too?",
        ),
        (
            "{answer}, {name} {does} a parameter {parameter}.",
            "{answer}. It {does} {parameter}.",
            "{answer}, the signature {does} {parameter}.",
        ),
    ),
    "module": Phrasing(
        (
            "Which module has {short}?",
            "From which module do I import {short}?",
            "Where in the standard library is {short}?",
            "I need {short}. Which module is it in?",
        ),
        (
            "Which module is it in?",
            "From which module is that?",
            "Remind me of its module.",
        ),
        (
            "{short} is in the module {answer}.",
            "It is part of {answer}.",
            "The module is {answer}.",
        ),
    ),
    "summary": Phrasing(
        (
            "What does {name} do?",
            "Summarise {name} in a sentence.",
            "What is {name} for?",
            "What does help({name}) say first?",
        ),
        ("What does it do?", "And what is it for?", "Summarise it in a sentence."),
        ("{answer}", "Its documentation says: {answer}", "In the words of its help: {answer}"),
    ),
    "required": Phrasing(
        (
            "Which parameters of {name} have no default?",
            "What must I pass to {name}?",
            "Name the parameters without a default of {name}.",
            "Which parameters does {name} require?",
        ),
        (
            "Which of its parameters have no default?",
            "What must I pass at least?",
            "Which parameters are required?",
        ),
        (
            "Parameters without a default: {answer}.",
            "Required: {answer}.",
            "A call must give these: {answer}.",
        ),
    ),
    "optional": Phrasing(
        (
            "How many parameters of {name} have a default?",
            "How many parameters can I leave out when I call {name}?",
            "Count the defaults in the signature of {name}.",
        ),
        (
            "How many of its parameters have a default?",
            "How many parameters can I leave out?",
            "And how many parameters are optional?",
        ),
        (
            "There are {answer} {noun}.",
            "{answer} of the parameters of {name} can be left out.",
            "The signature has {answer} {noun}.",
        ),
    ),
    "place": Phrasing(
        (
            "What is the {ordinal} parameter of {name}?",
            "Name the {ordinal} parameter of {name}.",
            "Which parameter comes {ordinal} in {name}?",
        ),
        (
            "What is the {ordinal} parameter?",
            "Which one comes {ordinal}?",
            "Name the {ordinal} one.",
        ),
        (
            "The {ordinal} parameter is {answer}.",
            "It is called {answer}.",
            "{answer} is the {ordinal} one.",
        ),
    ),
    "by_keyword": Phrasing(
        (
            "Which parameters of {name} can only be given by keyword?",
            "Name the keyword-only parameters of {name}.",
            "Does {name} have keyword-only parameters, and which?",
        ),
        (
            "Which of its parameters are keyword-only?",
            "Which parameters need a keyword?",
            "Are there keyword-only parameters, and which?",
        ),
        (
            "Keyword-only parameters: {answer}.",
            "Only by keyword: {answer}.",
            "Those that need a keyword: {answer}.",
        ),
    ),
    "signature": Phrasing(
        (
            "Show me the signature of {name}.",
            "How do I call {name}?",
            "What is the signature of {name}?",
            "Write down {name} with all its parameters.",
        ),
        ("Show me the whole signature.", "How do I call it?", "What is its signature?"),
        ("The signature is {answer}", "Call it as {answer}", "{answer}"),
    ),
    "more": Phrasing(
        (
            "Which takes more parameters, {name} or {other}?",
            "{name} or {other}: which one has the longer list of parameters?",
            "Compare {name} with {other}. Which has more parameters?",
        ),
        (
            "Which takes more parameters, this one or {other}?",
            "Does {other} or this one have more parameters?",
        ),
        (
            "{answer} takes more: {most} against {fewest}.",
            "With {most} against {fewest}, it is {answer}.",
            "{answer} has {most}, the other one {fewest}.",
        ),
    ),
}

TOPIC_PHRASINGS: Mapping[str, Phrasing] = {
    "title": Phrasing(
        (
            "What is the title of the help topic {name}?",
            "Which title does help('{name}') show?",
            "How is the topic {name} of help() headed?",
        ),
        ("What is its title?", "And how is that topic headed?"),
        (
            "The title is: {answer}",
            "It is headed {answer}",
            "help('{name}') shows the title {answer}",
        ),
    ),
    "topic": Phrasing(
        (
            "Which topic of help() has the title {title}?",
            "What must I type into help() to read about {title}?",
            "Find the help topic that is headed {title}.",
        ),
        (),
        ("The topic is {answer}.", "Type help('{answer}').", "It is called {answer}."),
    ),
    "sentence": Phrasing(
        (
            "What does help('{name}') say first?",
            "How does the help topic {name} begin?",
            "Quote the first sentence of the topic {name}.",
        ),
        ("How does it begin?", "Quote its first sentence."),
        ("It says: {answer}", "{answer}", "The first sentence is: {answer}"),
    ),
}
