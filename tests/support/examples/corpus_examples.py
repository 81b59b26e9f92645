"""A small, real corpus on disk, its tokenizer, teachers for it and their soft labels."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from support.examples.data_config import a_data

from stillroom.config.schema.data_schema import Data
from stillroom.data.encoders import SequenceEncoder, write_encoder
from stillroom.data.ingest.ingest_corpus import CorpusIngest
from stillroom.data.views.image_views import PLAIN
from stillroom.io.tables import TableFile, write_parts
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import save_model
from stillroom.models.shape import Shape
from stillroom.softlabels.capture.capture_set import (
    CaptureJob,
    CaptureRequest,
    capture_set,
    materialise,
    open_staged,
)
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.pooled_features import Kept
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest
from stillroom.softlabels.store.store import Store
from stillroom.teachers.capture_inputs import ExampleInputs
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings

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
class CorpusOnDisk:
    """Examples and their encoder on disk."""

    examples: TableFile
    encoder: Path
    fitted: SequenceEncoder

    @property
    def shape(self) -> Shape:
        return Shape.of(self.fitted)


def sentences(count: int, seed: int = 0) -> list[str]:
    """Return documents of one to four sentences each."""
    draws = np.random.default_rng(seed)
    texts = []
    for number in range(count):
        parts = [
            f"{draws.choice(WHO)} {draws.choice(DOES)} {draws.choice(WHO)}."
            for _ in range(draws.integers(1, 5))
        ]
        texts.append(f"{number}: " + " ".join(parts))
    return texts


def corpus_data(**changes: Any) -> Data:
    """Return the section `data` for a corpus."""
    return a_data(**({"source": "corpus", "path": "texts"} | changes))


def small_corpus(folder: Path, count: int = 120, **changes: Any) -> CorpusOnDisk:
    """Write documents, one per line, and their examples and encoder into `folder`."""
    (folder / "texts").mkdir(parents=True)
    (folder / "texts" / "a.txt").write_text("\n".join(sentences(count)))
    return ingested(folder, corpus_data(**changes))


def ingested(folder: Path, data: Data) -> CorpusOnDisk:
    """Ingest the texts below `folder` and write examples and encoder there."""
    corpus = CorpusIngest.of(data, folder)
    for name in ("examples", "encoder"):
        (folder / name).mkdir()
    write_parts(corpus.frames(), folder / "examples")
    write_encoder(corpus.encoder, folder / "encoder")
    return CorpusOnDisk(TableFile(folder / "examples"), folder / "encoder", corpus.encoder)


def masked_corpus(folder: Path, count: int = 120) -> CorpusOnDisk:
    """Write a corpus for masked tokens into `folder`."""
    return small_corpus(folder, count, corpus={"task": "masked_token"})


def token_teachers(corpus: CorpusOnDisk, folder: Path, members: int = 1) -> Path:
    """Write model directories of untrained decoders or encoders."""
    options = BERT if corpus.fitted.is_masked else GPT2
    for member in range(members):
        model = build("transformer", options, corpus.shape, seed=member)
        save_model(model, corpus.fitted, folder / f"member_{member}")
    return folder


def capture_jobs(
    corpus: CorpusOnDisk, teachers: Path, draws: int = 1, views: int = 0, features: Kept = "none"
) -> tuple[CaptureJob, ...]:
    """Return the capture jobs: each teacher with its inputs."""
    seen = corpus.fitted.masks(views) if corpus.fitted.is_masked else PLAIN
    how = CaptureSettings(augmentation=seen.name, seed=0, batch_size=4, features=features)
    opened = [open_teacher(ref, how, corpus.fitted) for ref in teacher_refs(teachers)]
    return tuple(
        CaptureJob(one, ExampleInputs(corpus.examples, one.encoder, seen, draws)) for one in opened
    )


def token_labels(
    corpus: CorpusOnDisk,
    teachers: Path,
    folder: Path,
    wanted: SparsifierRequest,
    draws: int = 1,
    views: int = 0,
    features: Kept = "none",
) -> SoftLabelSet:
    """Capture the teachers' answers without the check that the teachers are trained."""
    jobs = capture_jobs(corpus, teachers, draws, views, features)
    store = Store(folder.with_name(f"{folder.name}_store"))
    one = Combination.of("probability", [1.0] * len(jobs))
    staging = folder.with_name(f"{folder.name}_staged")
    capture_set(
        CaptureRequest(jobs, wanted, one, store, 20, 500, None),
        staging,
        _quietly,
        lambda line: None,
    )
    materialise(open_staged(staging, store), folder)
    return SoftLabelSet(folder)


@contextmanager
def _quietly(label: str, rows: int) -> Iterator[Callable[[int], None]]:
    yield lambda done: None
