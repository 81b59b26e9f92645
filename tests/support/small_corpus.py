"""A small, real corpus on disk, its tokenizer, teachers of it and their soft labels."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from small_data import a_data

from stillroom.config.data_schema import Data
from stillroom.data.encoders import SequenceEncoder, write_encoder
from stillroom.data.ingest.ingest_corpus import CorpusIngest
from stillroom.data.views.image_views import PLAIN
from stillroom.io.tables import TableFile, write_parts
from stillroom.models.pretrained.model_directory import save_model
from stillroom.models.registry import build
from stillroom.models.shape import Shape
from stillroom.softlabels.capture.capture_request import (
    Answers,
    CaptureJob,
    materialise,
    stage,
    staged,
)
from stillroom.softlabels.capture.solve_threshold import Wanted
from stillroom.softlabels.format.combination import Combination
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.store.store import Store
from stillroom.teachers.capture_inputs import ExampleQuestions
from stillroom.teachers.model_teacher import How, open_teacher
from stillroom.teachers.teacher_ref import refer

WHO = ("the cat", "a dog", "my aunt", "the old man", "nobody")
DOES = ("sees", "likes", "has never met", "runs after")
GPT2 = {
    "model_type": "gpt2",
    "n_embd": 16,
    "n_layer": 1,
    "n_head": 2,
    "resid_pdrop": 0.0,
    "embd_pdrop": 0.0,
    "attn_pdrop": 0.0,
}

BERT = {
    "model_type": "bert",
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}

EUROBERT = {
    "model_type": "eurobert",
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "intermediate_size": 32,
}


@dataclass(frozen=True)
class SmallCorpus:
    """Examples and their encoder on disk."""

    examples: TableFile
    encoder: Path
    fitted: SequenceEncoder

    @property
    def shape(self) -> Shape:
        return Shape.of(self.fitted)


def sentences(count: int, seed: int = 0) -> list[str]:
    """Return documents of one to four sentences."""
    draws = np.random.default_rng(seed)
    found = []
    for number in range(count):
        parts = [
            f"{draws.choice(WHO)} {draws.choice(DOES)} {draws.choice(WHO)}."
            for _ in range(draws.integers(1, 5))
        ]
        found.append(f"{number}: " + " ".join(parts))
    return found


def corpus_data(**changes: Any) -> Data:
    """Return how a corpus is read."""
    return a_data(**({"source": "corpus", "path": "texts"} | changes))


def small_corpus(folder: Path, count: int = 120, **changes: Any) -> SmallCorpus:
    """Write documents, one a line, and what ingest makes of them, into `folder`."""
    (folder / "texts").mkdir(parents=True)
    (folder / "texts" / "a.txt").write_text("\n".join(sentences(count)))
    return ingested(folder, corpus_data(**changes))


def ingested(folder: Path, data: Data) -> SmallCorpus:
    """Write what ingest makes of the texts that lie below `folder`."""
    made = CorpusIngest.of(data, folder)
    for name in ("examples", "encoder"):
        (folder / name).mkdir()
    write_parts(made.frames(), folder / "examples")
    write_encoder(made.encoder, folder / "encoder")
    return SmallCorpus(TableFile(folder / "examples"), folder / "encoder", made.encoder)


def hidden_corpus(folder: Path, count: int = 120) -> SmallCorpus:
    """Write a corpus of which tokens are hidden into `folder`."""
    return small_corpus(folder, count, corpus={"task": "masked_token"})


def token_teachers(made: SmallCorpus, folder: Path, members: int = 1) -> Path:
    """Write model directories of decoders, or encoders, that have learnt nothing."""
    options = BERT if made.fitted.is_masked else GPT2
    for member in range(members):
        model = build("transformer", options, made.shape, seed=member)
        save_model(model, made.fitted, folder / f"member_{member}")
    return folder


def capture_jobs(
    made: SmallCorpus, teachers: Path, draws: int = 1, views: int = 0
) -> tuple[CaptureJob, ...]:
    """Return who is asked what."""
    seen = made.fitted.masks(views) if made.fitted.is_masked else PLAIN
    how = How(augmentation=seen.name, seed=0, batch_size=4)
    opened = [open_teacher(ref, how, made.fitted) for ref in refer(teachers)]
    return tuple(
        CaptureJob(one, ExampleQuestions(made.examples, one.encoder, seen, draws)) for one in opened
    )


def token_labels(
    made: SmallCorpus,
    teachers: Path,
    folder: Path,
    wanted: Wanted,
    draws: int = 1,
    views: int = 0,
) -> SoftLabelSet:
    """Capture the teachers' answers, without the check that they have learnt something."""
    asked = capture_jobs(made, teachers, draws, views)
    store = Store(folder.with_name(f"{folder.name}_store"))
    one = Combination.of("probability", [1.0] * len(asked))
    staging = folder.with_name(f"{folder.name}_staged")
    stage(Answers(asked, wanted, one, store, 20, 500, None), staging, _quietly, lambda line: None)
    materialise(staged(staging, store), folder)
    return SoftLabelSet(folder)


@contextmanager
def _quietly(label: str, rows: int) -> Iterator[Callable[[int], None]]:
    yield lambda done: None
