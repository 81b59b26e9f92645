"""Alarms about chance: how much a teacher or a student knows in, the alarms out.

`teachers_at_chance` reads them for `verify`, which would refuse the answers of such a teacher.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from stillroom.assess.sanity.alarm import Alarm
from stillroom.assess.sanity.chance import LEVEL, Skill, unigram_nll
from stillroom.config.schema.run_schema import Sanity
from stillroom.data.encoders import SequenceEncoder
from stillroom.reporting.units import NATS, percent

AT_CHANCE = ("teacher_at_chance", "teacher_below_chance")


def teachers_at_chance(alarms: Iterable[Alarm], sanity: Sanity) -> frozenset[int]:
    """Return the positions of the teachers that are known to be at chance and go on, from 0.

    Args:
        alarms: all that are known.
        sanity: `evaluate.sanity`; where an alarm stops, no teacher goes on.
    """
    if sanity == "stop":
        return frozenset()
    numbers = {alarm.teacher for alarm in alarms if alarm.code in AT_CHANCE}
    return frozenset(number - 1 for number in numbers if number is not None)


def class_chance(
    who: str, name: str, of_all: Skill, parts: Mapping[str, Skill], way_out: str
) -> Iterator[Alarm]:
    """Yield an alarm if a classifier is at chance, and one for each split where it is below.

    Args:
        who: `teacher` or `student`, for the code.
        name: the model, at the beginning of a sentence.
        of_all: on all rows that it answered.
        parts: on those of each split.
        way_out: what the user can do.
    """
    below = {split: part for split, part in parts.items() if part.is_below_chance}
    for split, part in below.items():
        yield Alarm(
            f"{who}_below_chance",
            f"{name} is right on {part.right:,} of {part.rows:,} labelled rows of {split} "
            f"({percent(part.right / part.rows)}), which is fewer than guessing gives: its "
            "classes and the labels are not the same, or not in the same order.",
            way_out,
        )
    if of_all.is_at_chance and not below:
        yield Alarm(
            f"{who}_at_chance",
            f"{name} is right on {of_all.right:,} of {of_all.rows:,} labelled rows of "
            f"{' and '.join(parts)} ({percent(of_all.right / of_all.rows)}); with these labels in "
            f"any order it would be right on {percent(of_all.shuffled / of_all.rows)}, and its "
            f"answers fit them no better (p = {of_all.p:.2f}, above {LEVEL}).",
            way_out,
        )


def token_chance(
    who: str,
    name: str,
    labels: NDArray[Any],
    nll: float,
    train: NDArray[Any],
    encoder: SequenceEncoder,
    way_out: str,
) -> Iterator[Alarm]:
    """Yield an alarm if a language model is no better than the shares of the tokens in train.

    Args:
        who, name, way_out: as in `class_chance`.
        labels: [M], the tokens that it had to predict.
        nll: its mean NLL per token.
        train: the tokens to predict of some train rows.
        encoder: it has the vocabulary.
    """
    known = unigram_nll(train, labels, encoder.outputs)
    if not nll < known:
        yield Alarm(
            f"{who}_at_chance",
            f"{name} has an NLL of {NATS.amount(nll)} per token on {len(labels):,} held-out "
            f"tokens; how often each token stands in train alone gives {NATS.amount(known)}.",
            way_out,
        )
