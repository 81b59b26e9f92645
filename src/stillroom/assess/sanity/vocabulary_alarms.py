"""Alarms about words: those of train and of held-out texts in, texts that have none in common out.

A model knows the words of its training texts. If nearly none of them occurs in validation or test,
these texts are in another language, or in a script without blanks where one text is one word.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stillroom.assess.sanity.alarm import Alarm
from stillroom.data.notices import counted
from stillroom.reporting.units import percent

LEAST_KNOWN = 0.1  # of the words of a held-out split must occur in train
MOST_UNKNOWN = 0.5  # of the tokens may be the unknown token
FEWEST = 30  # texts of each side; from fewer nothing is concluded


def few_common_words(
    train: Iterable[Iterable[object]], held_out: Mapping[str, Sequence[Sequence[object]]], what: str
) -> Iterator[Alarm]:
    """Yield an alarm for each split whose words hardly occur in train.

    Args:
        train: the words of each training text.
        held_out: split -> the words of each of its texts.
        what: what is counted, in the plural: `words`, `tokens`.
    """
    texts = [list(words) for words in train]
    known = {word for words in texts for word in words}
    for split, others in held_out.items():
        occurrences = [word for words in others for word in words]
        shared = sum(word in known for word in occurrences)
        if min(len(texts), len(others)) < FEWEST or shared > LEAST_KNOWN * len(occurrences):
            continue
        share = percent(shared / len(occurrences)) if occurrences else "none"
        yield Alarm(
            "few_common_words",
            f"Of the {len(occurrences):,} {what} in {counted(len(others), 'text')} of {split}, "
            f"{share} occur in {counted(len(texts), 'training text')}.",
            "Train on texts of the language of the others. Where words are not separated by "
            "blanks, set data.text.encoding=tokens.",
        )


def unknown_tokens(tokens: NDArray[np.integer], unknown: int | None, whose: str) -> Iterator[Alarm]:
    """Yield an alarm if a tokenizer does not know most of the texts.

    Args:
        tokens: [M], the tokens of some texts, without padding.
        unknown: the id for what a tokenizer does not know; None if it knows everything.
        whose: `the tokenizer of …`, for the sentence.
    """
    count = 0 if unknown is None else int((tokens == unknown).sum())
    if count > MOST_UNKNOWN * len(tokens):
        yield Alarm(
            "unknown_tokens",
            f"{count:,} of {len(tokens):,} tokens of the examples "
            f"({percent(count / len(tokens))}) are unknown to {whose}.",
            "Choose a tokenizer that was trained on such texts. If the texts are in capital "
            "letters or the tokenizer lowers them, compare do_lower_case in its "
            "tokenizer_config.json.",
        )
