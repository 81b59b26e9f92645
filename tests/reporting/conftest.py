"""The documents of runs as the report reads them: of digits, of hostile names, of many classes."""

from typing import TYPE_CHECKING

import pytest
from support.report_documents import Documents, make_documents

if TYPE_CHECKING:
    from support.examples.corpus_examples import CorpusOnDisk

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=http://evil.example/x onerror=alert(1)>',
    "$\\frac{1}{0}$",
    "a\x00b\x1bc",
    "]]>--><svg onload=alert(1)>",
    "&lt;b&gt;",
    "{{ 7 * 7 }}",
    "日本語",
    'id="x" url(#y) href="#z"',
    "a very long name of a class that goes on and on without an end in sight",
]


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """The documents of a run over the ten digits."""
    return make_documents(tmp_path_factory.mktemp("digits"), [str(digit) for digit in range(10)])


@pytest.fixture(scope="session")
def hostile_documents(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """The same with hostile class names."""
    return make_documents(tmp_path_factory.mktemp("hostile"), HOSTILE, "text")


@pytest.fixture(scope="session")
def many_documents(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """The same with 77 classes, too many for a figure."""
    return make_documents(
        tmp_path_factory.mktemp("many"), [f"intent_{index:02}" for index in range(77)]
    )


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> "CorpusOnDisk":
    """A corpus with a test split of at least 100 sequences."""
    from support.examples.corpus_examples import (
        small_corpus,  # imports torch, which most tests here do not need
    )

    return small_corpus(tmp_path_factory.mktemp("corpus"), count=600)


@pytest.fixture(scope="session")
def language_documents(documents: Documents, corpus: "CorpusOnDisk") -> Documents:
    """The documents of language models: no classes, and continuations of texts."""
    from support.evaluation.planted_classes import evaluation_documents
    from support.evaluation.planted_tokens import planted_tokens

    rest = documents | {"continuations": CONTINUATIONS}
    return evaluation_documents(planted_tokens(corpus), corpus.examples, corpus.encoder, rest)


CONTINUATIONS = [
    {
        "beginning": "Once upon a time, in a house at the edge of a wood, there lived an old man",
        "text": "who had never met\nhis neighbours.\n\n    He liked it so.",
        "teacher": " who had a cat, and the cat had a hat, and the hat had a cat" * 3,
        "control": "the " * 32,
        "student": "w" * 200,
    },
    {"beginning": "", "text": "日本語の文章", "teacher": "<end>", "control": "", "student": " "},
]
