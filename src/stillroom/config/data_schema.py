"""The section `data` of the parameters, as `config.schema` has the others."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.config.field_types import STRICT, Count, Inside, Seed, Share


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Columns:
    """Which columns of a table mean what. Exactly one of image, text, features is set."""

    label: str
    split: str | None
    image: str | None
    text: str | None
    features: list[str]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Text:
    """How text becomes numbers.

    Attributes:
        encoding: of labelled texts: counts of hashed words, or tokens. Running text is tokens.
        tokenizer: a folder with tokenizer.json; null trains one on the train split.
        vocabulary: how many tokens one that is trained has.
        length: tokens of a sequence, at most.
    """

    encoding: Literal["hashed", "tokens"]
    tokenizer: str | None
    vocabulary: Count
    length: Annotated[int, Field(ge=4, le=2**16)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Documents:
    """What a document of a text file is.

    Attributes:
        cut: the file, a paragraph between blank lines, or a line.
        join: neighbouring paragraphs or lines are joined until they have so many characters.
        longest: characters that a document may have.
    """

    cut: Literal["file", "paragraph", "line"]
    join: Annotated[int, Field(ge=0)]
    longest: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Corpus:
    """What is made of running text.

    Attributes:
        task: what a model is asked: the next token, or tokens that were hidden.
        cross_documents: whether it sees the documents before in the same sequence.
        mask_share: share of a sequence's tokens that are hidden from it.
    """

    task: Literal["next_token", "masked_token"]
    cross_documents: bool
    mask_share: Inside


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Data:
    """What ingest reads, how it splits it, and what it does about flaws."""

    source: Literal["digits", "idx", "image_folder", "table", "corpus", "topics"]
    path: str
    seed: Seed
    validation: Share
    test: Share
    label_fraction: Annotated[float, Field(gt=0, le=1)]
    labels_per_class: Count | None
    unlabelled: Literal["refuse", "keep"]
    conflicts: Literal["refuse", "drop", "majority"]
    classes: list[str] | None
    columns: Columns
    text: Text
    documents: Documents
    corpus: Corpus
