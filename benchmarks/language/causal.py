"""Prepares Gemma for `capture` as any causal language model: a directory and inputs of a text.

    wikitext2 ──ingest, its tokenizer──> some sequences ──> ExampleInputs
    build/gemma ──save_model──> directory ──open_teacher──> ModelTeacher

With a smaller vocabulary, the model has another tokenizer, which is trained on the text. A token's
row is the mean of the rows that its text has in Gemma's own vocabulary. Made once, in build/causal.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch

from benchmarks.done import done_in
from benchmarks.language.recipe import recipe
from benchmarks.language.text import Text, texts, write_text
from benchmarks.project import ROOT
from benchmarks.softlabels.gemma import LENGTH, gemma, unpacked
from stillroom.config.schema.data_schema import Data
from stillroom.data.text.tokenizer import Tokenizer, read_tokenizer
from stillroom.data.views.image_views import PLAIN
from stillroom.io.tables import TableFile, write_parts
from stillroom.models.pretrained.model_directory import save_model
from stillroom.teachers.capture_inputs import ExampleInputs
from stillroom.teachers.model_teacher import ModelTeacher
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings

HERE = ROOT / "build" / "causal"
SOURCES = ("src", "benchmarks/language")
EXAMPLES = "asked"
# Enough sequences to take seconds, so that the fixed cost of a capture matters little.
SEQUENCES, OF_WHOLE = 12, 4


@dataclass(frozen=True)
class Causal:
    """A teacher and its inputs."""

    teacher: ModelTeacher
    inputs: ExampleInputs

    @property
    def positions(self) -> int:
        """The number of positions to capture."""
        return sum(len(capture_input.row.labels) for capture_input in self.inputs)


@cache
def causal(data: Path, vocabulary: int | None = None) -> Causal:
    """Return Gemma, with its own vocabulary or one of so many tokens.

    Raises:
        MissingError: the model or the text is not there.
    """
    folder = HERE / str(vocabulary or "whole")
    done = done_in(folder, SOURCES)
    done.once("made", lambda: _made(data, vocabulary, folder))
    text = Text(folder / "text")
    (ref,) = teacher_refs(folder / "teachers")
    # One sequence at a time: of 512 positions and 262,144 tokens the logits take 0.5 GB.
    teacher = open_teacher(ref, CaptureSettings("none", 0, batch_size=1), text.encoder)
    return Causal(
        teacher, ExampleInputs(TableFile(folder / EXAMPLES), teacher.encoder, PLAIN, draws=1)
    )


def _made(data: Path, vocabulary: int | None, folder: Path) -> dict[str, Any]:
    """Write examples and the teacher's directory."""
    values = replace(recipe(), data=_data(recipe().data, vocabulary))
    report = write_text(values, texts(data), folder / "text")
    whole = Text(folder / "text").examples.read()
    (folder / EXAMPLES).mkdir()
    write_parts([whole.head(OF_WHOLE if vocabulary is None else SEQUENCES)], folder / EXAMPLES)
    model = gemma().model
    encoder = Text(folder / "text").encoder
    if vocabulary is not None:
        model = with_vocabulary(model, read_tokenizer(unpacked()), encoder.tokenizer)
    save_model(model, encoder, folder / "teachers" / "member_0")
    return report


def _data(data: Data, vocabulary: int | None) -> Data:
    tokenizer = str(unpacked().resolve()) if vocabulary is None else None
    size = vocabulary or data.text.vocabulary
    text = replace(data.text, tokenizer=tokenizer, vocabulary=size, length=LENGTH)
    return replace(data, text=text, documents=replace(data.documents, join=3000))


def with_vocabulary(model: Any, old: Tokenizer, new: Tokenizer) -> Any:
    """Return a causal model with tied rows, given those of another tokenizer; it is changed."""
    with torch.no_grad():
        rows = model.get_input_embeddings().weight
        texts = [new.decode([token]) for token in range(new.size)]
        means = [rows[torch.from_numpy(one.ids).long()].mean(dim=0) for one in old.encode(texts)]
        # A special token is no text.
        embeddings = torch.stack(means).nan_to_num()
        model.resize_token_embeddings(new.size)
        model.get_input_embeddings().weight.copy_(embeddings)
    return model
