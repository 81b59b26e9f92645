"""The section `data` of the parameters."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import OPEN, STRICT, Count, Inside, Seed, Share


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Columns:
    """The columns of a table, by meaning. Exactly one of image, text, features is set."""

    label: str
    split: str | None
    image: str | None
    text: str | None
    features: list[str]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Text:
    """How text becomes numbers.

    Attributes:
        encoding: how labelled texts are encoded: counts of hashed words, or tokens. Running text
            is always tokens.
        tokenizer: a folder with tokenizer.json; null trains one on the train split.
        vocabulary: the number of tokens of a tokenizer that is trained here.
        length: the largest number of tokens in a sequence.
    """

    encoding: Literal["hashed", "tokens"]
    tokenizer: str | None
    vocabulary: Count
    length: Annotated[int, Field(ge=4, le=2**16)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Documents:
    """How text files are cut into documents.

    Attributes:
        cut: a document is a file, a paragraph between blank lines, or a line.
        join: neighbouring paragraphs or lines are joined until they have this many characters.
        longest: the largest number of characters in a document.
    """

    cut: Literal["file", "paragraph", "line"]
    join: Annotated[int, Field(ge=0)]
    longest: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Corpus:
    """How running text becomes inputs.

    Attributes:
        task: what a model predicts: the next token, or hidden tokens.
        cross_documents: whether it sees earlier documents in the same sequence.
        mask_share: share of the tokens of a sequence that are hidden.
    """

    task: Literal["next_token", "masked_token"]
    cross_documents: bool
    mask_share: Inside


@dataclass(frozen=True, kw_only=True, config=OPEN)
class Data:
    """What ingest reads, how it splits the examples, and how it handles flaws.

    Further keys are options of the source, if it declares them.

    Attributes:
        source: the name of a data source in the registry.
    """

    source: str
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
