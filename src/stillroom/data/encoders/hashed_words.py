"""Hashed words: texts in, counts of their hashed 1- and 2-grams out.

    spaced  "a new card"  ──> new, card, new card
    mixed   "新しいcard"  ──> 新, し, い, card, 新 し, し い, い card

Chinese, Japanese, Thai, Lao, Khmer and Burmese put no blanks between words, so a whole sentence
would be one word. In the scheme `mixed` each of their characters is a word of its own, as is each
emoji: its 2-grams are then pairs of characters. Everything else is split as in `spaced`.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import HashingVectorizer

Words = Literal["spaced", "mixed"]

# Blocks of Unicode, not the properties of `unicodedata`, which differ between versions of Python.
_WITHOUT_SPACES = "".join(
    (
        "\u0e00-\u0eff",  # Thai, Lao
        "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f",  # Burmese
        "\u1780-\u17ff\u19e0-\u19ff",  # Khmer
        "\u1950-\u19df\u1a20-\u1aaf\uaa80-\uaadf",  # scripts of the Tai languages
        "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f",  # Japanese syllables
        "\u3100-\u312f\u31a0-\u31bf",  # Bopomofo
        "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",  # Chinese characters
    )
)
_PICTURE = "[\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
_JOINED = "[\ufe0f\U0001f3fb-\U0001f3ff]*"  # emoji style, tones of skin
_EMOJI = rf"[\U0001f1e6-\U0001f1ff]{{2}}|{_PICTURE}{_JOINED}(?:\u200d{_PICTURE}{_JOINED})*"
_NEEDS_MIXED = re.compile(f"[{_WITHOUT_SPACES}]|{_PICTURE}")
_PATTERNS: dict[Words, str] = {
    "spaced": r"(?u)\b\w\w+\b",
    "mixed": rf"(?u)[{_WITHOUT_SPACES}]|{_EMOJI}|[^\W{_WITHOUT_SPACES}]{{2,}}",
}


def scheme_of(texts: Iterable[str]) -> Words:
    """Return the scheme that texts need: `mixed` if one has such a script, or an emoji."""
    return "mixed" if any(map(_NEEDS_MIXED.search, texts)) else "spaced"


def words_of(texts: Iterable[str], words: Words) -> list[list[str]]:
    """Return the single words of each text, as the hashing sees them before it counts them."""
    analysed = map(_hashing(1, words).build_analyzer(), texts)
    return [[gram for gram in grams if " " not in gram] for grams in analysed]


def hashed_words(texts: list[str], count: int, words: Words) -> NDArray[np.float32]:
    """Return [N, count]: 1 + log of each n-gram's count, at its hash; L2 norm 1, or 0 if empty."""
    from sklearn.preprocessing import normalize

    if not texts:
        return np.empty((0, count), np.float32)
    counts = _hashing(count, words).transform(texts)
    counts.data = 1 + np.log(counts.data)
    dense: NDArray[np.float32] = normalize(counts).astype(np.float32).toarray()
    return dense


def _hashing(count: int, words: Words) -> "HashingVectorizer":
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        n_features=count,
        ngram_range=(1, 2),
        alternate_sign=False,
        norm=None,
        token_pattern=_PATTERNS[words],
    )
