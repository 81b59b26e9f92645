"""Capture: teachers and inputs in, a committed soft-label set out.

    for each member: inputs ──teacher──> logits ──top_k──> rows ──encode──> shard file
    all shards in place ──> manifest.json

Memory is bounded by one shard's rows and one batch's logits, whatever the number of rows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stillroom.io.atomic import write_bytes
from stillroom.io.hashing import sha256_bytes
from stillroom.softlabels.fingerprint import Capture, set_fingerprint
from stillroom.softlabels.keys import input_keys
from stillroom.softlabels.manifest import FORMAT, SHARDS, Manifest, Shard, write_manifest
from stillroom.softlabels.shard import CODEC, Rows, encode
from stillroom.softlabels.sparsify import Sparse, TopK, log_sum_exp, top_k

Floats = NDArray[np.float32]


class Member(Protocol):
    """A teacher: what its answers depend on, and the answers."""

    @property
    def capture(self) -> Capture:
        """The ingredients of its fingerprint."""

    def answer(self, inputs: Floats) -> Iterator[Floats]:
        """Yield logits [n, C] for inputs [N, *shape], in order, batch by batch."""


@dataclass(frozen=True, slots=True)
class Questions:
    """N examples, as each member sees them.

    Attributes:
        example_ids: N keys.
        inputs: for each member [N, *shape], float32; members with equal preprocessing share one.
        labels: [N], int32; -1 where an example has no label.
    """

    example_ids: list[bytes]
    inputs: tuple[Floats, ...]
    labels: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Answers:
    """A capture that has been asked for and not yet run; `write_set` runs it."""

    questions: Questions
    members: tuple[Member, ...]
    sparsifier: TopK
    rows_per_shard: int
    classes: tuple[str, ...]

    @property
    def forwards(self) -> int:
        """How many rows the teachers have to answer in all."""
        return len(self.members) * len(self.questions.example_ids)

    def shards(self, tick: Callable[[int], None]) -> Iterator[Rows]:
        """Run the teachers and yield the rows of each shard; `tick` counts rows as they come."""
        for index, member in enumerate(self.members):
            yield from self._of(index, member, tick)

    def _of(self, index: int, member: Member, tick: Callable[[int], None]) -> Iterator[Rows]:
        questions = self.questions
        for start in range(0, len(questions.example_ids), self.rows_per_shard):
            rows = slice(start, start + self.rows_per_shard)
            inputs, labels = questions.inputs[index][rows], questions.labels[rows]
            sparse, log_p = self._ask(member, inputs, labels, tick)
            keys = input_keys(inputs, member.capture.preprocessing)
            yield Rows(questions.example_ids[rows], keys, index, sparse, log_p)

    def _ask(
        self,
        member: Member,
        inputs: Floats,
        labels: NDArray[np.int32],
        tick: Callable[[int], None],
    ) -> tuple[Sparse, Floats]:
        heads, log_p, start = [], [], 0
        for logits in member.answer(inputs):
            heads.append(top_k(logits, self.sparsifier))
            log_p.append(_log_p_label(logits, labels[start : start + len(logits)]))
            start += len(logits)
            tick(len(logits))
        return _concatenated(heads), np.concatenate(log_p)


def write_set(answers: Answers, folder: Path, tick: Callable[[int], None]) -> Manifest:
    """Run the teachers and write their answers into `folder`; the manifest comes last."""
    (folder / SHARDS).mkdir(parents=True, exist_ok=True)
    shards = tuple(
        _write_shard(rows, number, folder) for number, rows in enumerate(answers.shards(tick))
    )
    captures = tuple(member.capture for member in answers.members)
    manifest = Manifest(
        format=FORMAT,
        fingerprint=set_fingerprint(captures, "mean_probability", CODEC),
        captures=captures,
        combination="mean_probability",
        codec=CODEC,
        bias=_bias(answers),
        examples=len(answers.questions.example_ids),
        classes=answers.classes,
        shards=shards,
    )
    write_manifest(folder, manifest)
    return manifest


def _write_shard(rows: Rows, number: int, folder: Path) -> Shard:
    content = encode(rows)
    sha256 = sha256_bytes(content)
    name = f"{number:05d}-{sha256[:12]}.parquet"
    write_bytes(folder / SHARDS / name, content)
    return Shard(
        name=name,
        sha256=sha256,
        bytes=len(content),
        rows=len(rows.example_ids),
        member=rows.member,
    )


def _bias(answers: Answers) -> str:
    count = len(answers.classes)
    k = answers.sparsifier.entries(count)
    if k == count:
        return "none: every class is stored"
    return f"the mass beyond the {k} largest of {count} classes is known, not stored"


def _log_p_label(logits: Floats, labels: NDArray[np.int32]) -> Floats:
    wide = logits.astype(np.float64)
    picked = np.take_along_axis(wide, np.maximum(labels, 0)[:, None].astype(np.int64), axis=1)[:, 0]
    return np.where(labels >= 0, picked - log_sum_exp(wide), np.nan).astype(np.float32)


def _concatenated(heads: list[Sparse]) -> Sparse:
    return Sparse(
        ids=np.concatenate([head.ids for head in heads]),
        logits=np.concatenate([head.logits for head in heads]),
        log_z=np.concatenate([head.log_z for head in heads]),
        entropy=np.concatenate([head.entropy for head in heads]),
    )
