"""The text: a corpus in, the examples that the teacher reads and those that students read out.

texts ──ingest──> examples, encoder
examples ──a share of the training rows, by key──> transfer; validation and test are the same
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from benchmarks.done import Result
from benchmarks.language.recipe import Recipe
from benchmarks.project import ROOT
from benchmarks.softlabels.gemma import MissingError
from stillroom.data.encoders import SequenceEncoder, read_encoder, write_encoder
from stillroom.data.example_ids import unit_interval
from stillroom.data.ingest.ingest_corpus import CorpusIngest
from stillroom.io.tables import TableFile, write_parts

RAW, FILES = "raw", ("valid.txt", "test.txt")


@dataclass(frozen=True)
class Text:
    """Folders of examples and of their encoder."""

    folder: Path

    @property
    def examples(self) -> TableFile:
        """The examples that the teacher reads."""
        return TableFile(self.folder / "examples")

    @property
    def transfer(self) -> TableFile:
        """The examples that students read."""
        return TableFile(self.folder / "transfer")

    @property
    def encoder_folder(self) -> Path:
        """The folder of the encoder."""
        return self.folder / "encoder"

    @property
    def encoder(self) -> SequenceEncoder:
        """The encoder, which makes a model's inputs of sequences."""
        encoder = read_encoder(self.encoder_folder)
        if not isinstance(encoder, SequenceEncoder):
            raise TypeError(
                f"{self.encoder_folder} encodes {encoder.kind}, not sequences of tokens"
            )
        return encoder

    def test(self) -> pl.DataFrame:
        """Return the test split."""
        return self.examples.read().filter(pl.col("split") == "test")


def texts(data: Path) -> list[Path]:
    """Return WikiText-2's files below a folder.

    Raises:
        MissingError: one is not there.
    """
    files = [ROOT / data / "wikitext2" / name for name in FILES]
    for path in files:
        if not path.is_file():
            raise MissingError(f"{path} is not there: say make bench-lm DATA=folder-with-wikitext2")
    return files


def write_text(recipe: Recipe, files: Sequence[Path], folder: Path) -> Result:
    """Ingest text files into a folder and replace its content; return the report."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / RAW).mkdir(parents=True)
    for path in files:
        shutil.copy(path, folder / RAW)
    text, made = Text(folder), CorpusIngest.of(replace(recipe.data, path=RAW), folder)
    for path in (text.examples.path, text.transfer.path, text.encoder_folder):
        path.mkdir(parents=True)
    write_parts(made.frames(), text.examples.path)
    write_parts([only(text.examples.read(), recipe.share)], text.transfer.path)
    write_encoder(made.encoder, text.encoder_folder)
    read = text.transfer.read(["split", "tokens"]).filter(pl.col("split") == "train")
    tokens = int(read["tokens"].list.len().sum())
    return {**made.report(), "transfer_tokens": tokens}


def only(examples: pl.DataFrame, share: float) -> pl.DataFrame:
    """Return the examples with a share of the training rows, chosen by their keys."""
    drawn = pl.Series(unit_interval(examples["example_id"].to_list(), "transfer")) < share
    return examples.filter(drawn | (pl.col("split") != "train"))
