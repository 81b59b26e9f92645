"""Hashed words: the n-grams of texts with and without blanks, against scikit-learn by hand."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

from stillroom.data.encoders.hashed_words import hashed_words, scheme_of, words_of

SIZE = 2**12


def hashed(text, words):
    return hashed_words([text], SIZE, words)[0]


def of_grams(*grams):
    """Return the features of a text with these n-grams, each once or more often."""
    counts = HashingVectorizer(
        n_features=SIZE, alternate_sign=False, norm=None, analyzer=lambda grams: grams
    ).transform([grams])
    counts.data = 1 + np.log(counts.data)
    return normalize(counts).astype(np.float32).toarray()[0]


@pytest.mark.parametrize(
    "text",
    [
        "A new card, is_new 2",
        "Ünïcödé wörter",
        "карта не работает",
        "कार्ड",
        "카드가 안 돼요",
        "",
        "a",
    ],
)
def test_spaced_texts_have_the_features_that_they_always_had(text):
    before = HashingVectorizer(
        n_features=SIZE, ngram_range=(1, 2), alternate_sign=False, norm=None
    ).transform([text])
    before.data = 1 + np.log(before.data)
    expected = normalize(before).astype(np.float32).toarray()[0]
    assert scheme_of([text]) == "spaced"
    for words in ("spaced", "mixed"):
        assert hashed(text, words).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        ("很棒", ["很", "棒", "很 棒"]),
        ("很很", ["很", "很", "很 很"]),
        ("カード", ["カ", "ー", "ド", "カ ー", "ー ド"]),
        ("新しいCard!", ["新", "し", "い", "card", "新 し", "し い", "い card"]),
        ("ดี", ["ด", "ี", "ด ี"]),
        ("ລາວ", ["ລ", "າ", "ວ", "ລ າ", "າ ວ"]),
        ("ខ្មែ", ["ខ", "្", "ម", "ែ", "ខ ្", "្ ម", "ម ែ"]),
        ("မြန်", ["မ", "ြ", "န", "်", "မ ြ", "ြ န", "န ်"]),
        ("𠮷野", ["𠮷", "野", "𠮷 野"]),
        ("good 👍👍", ["good", "👍", "👍", "good 👍", "👍 👍"]),
        ("👍🏽", ["👍🏽"]),
        ("❤️", ["❤️"]),
        ("👨‍👩‍👧 ok", ["👨‍👩‍👧", "ok", "👨‍👩‍👧 ok"]),
        ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷", "🇩🇪 🇫🇷"]),
    ],
)
def test_characters_and_emoji_are_words_of_their_own(text, grams):
    assert scheme_of(["plain", text]) == "mixed"
    assert hashed(text, "mixed").tobytes() == of_grams(*grams).tobytes()


def test_the_words_of_texts_are_those_that_are_hashed():
    texts = ["A new card", "很棒 ok"]
    assert words_of(texts, "mixed") == [["new", "card"], ["很", "棒", "ok"]]
    assert words_of(texts, "spaced") == [["new", "card"], ["很棒", "ok"]]


def test_no_texts_give_no_rows():
    assert hashed_words([], SIZE, "mixed").shape == (0, SIZE)
