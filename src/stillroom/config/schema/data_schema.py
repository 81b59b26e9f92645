"""The section `data` of the parameters."""

from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import (
    MOST,
    OPEN,
    STRICT,
    Bytes,
    Count,
    Inside,
    NonEmpty,
    Seed,
    Share,
    Vocabulary,
)
from stillroom.config.schema.image_schema import Images


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Columns:
    """The columns of a table, by meaning.

    Of examples, exactly one of image, text and features is set. Of conversations, prompt and answer
    are set if the columns have other names than the known forms; reference is set if a column has
    what the last answer is checked against.
    """

    label: str
    split: str | None
    image: str | None
    text: str | None
    features: list[str]
    prompt: NonEmpty | None = None
    answer: NonEmpty | None = None
    reference: NonEmpty | None = None


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
    vocabulary: Vocabulary
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
    join: Annotated[int, Field(ge=0, le=MOST)]
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


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Chat:
    """How conversations become tokens.

    Attributes:
        template: the name of one of the tokenizer's chat templates, a .jinja file, or `chatml`;
            null: the tokenizer's own.
        template_arguments: plain values that the template is given by name, such as
            `enable_thinking`.
        learn: which turns are learnt: all of the assistant, or its last one.
        reasoning: whether recorded reasoning is rendered.
    """

    template: NonEmpty | None = None
    template_arguments: dict[str, Any] = field(default_factory=dict)
    learn: Literal["assistant", "last"] = "assistant"
    reasoning: Literal["keep", "drop"] = "keep"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Csv:
    """How CSV files are read.

    Attributes:
        delimiter: what separates the fields; null finds it in the header. Files that end in .tsv or
            .tab always have tabs.
        quotes: whether a field may stand in quotes; if not, they are signs like any other.
    """

    delimiter: Literal["comma", "semicolon", "tab", "pipe"] | None
    quotes: bool


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Limits:
    """What one file may cost, so that a small hostile file cannot take all memory.

    Attributes:
        bytes: the largest size of a file on disk, and once it is unpacked.
        ratio: the unpacked bytes that are allowed for each byte on disk, once they are many.
        rows: the largest number of rows of a file.
        columns: the largest number of columns of a file.
        record: the largest number of characters of a row of CSV or JSON Lines, or of a whole .json.
    """

    bytes: Bytes
    ratio: Count
    rows: Count
    columns: Count
    record: Count


@dataclass(frozen=True, kw_only=True, config=OPEN)
class Data:
    """What ingest reads, how it splits the examples, and how it handles flaws.

    Further keys are options of the source, if it declares them.

    Attributes:
        source: the name of a data source in the registry.
        follow_links: whether links may lead out of the folder `path`.
        normalise_labels: whether labels that differ only in blanks, case or Unicode form stay
            different classes.
    """

    source: str
    path: str
    follow_links: bool
    seed: Seed
    validation: Share
    test: Share
    label_fraction: Annotated[float, Field(gt=0, le=1)]
    labels_per_class: Count | None
    unlabelled: Literal["refuse", "keep"]
    conflicts: Literal["refuse", "drop", "majority"]
    classes: list[str] | None
    normalise_labels: Literal["keep", "join"]
    columns: Columns
    csv: Csv
    limits: Limits
    image: Images
    text: Text
    documents: Documents
    corpus: Corpus
    chat: Chat = field(default_factory=Chat)
