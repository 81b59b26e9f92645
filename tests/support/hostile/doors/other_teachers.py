"""Door: other teachers that someone gives. GGUF files, sentence encoders, llama2.c."""

import json
import os
import pickle
import shutil
import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from support.hostile.attempt import Attempt
from support.hostile.doors.models import RUN, Edit, both, written
from support.hostile.doors.tables import CSV, SETTINGS, Payload
from support.hostile.raw_files import flipped, raw, sparse
from support.hostile.tiny_models import (
    BIG,
    causal_model,
    causal_settings,
    gguf_template,
    sentence_template,
)


def attempts() -> Iterator[Attempt]:
    """Yield the attempts of this door."""
    for name, edit in GGUF.items():
        yield _gguf(name, edit)
    for name, edit in SENTENCE.items():
        yield _sentence(name, edit)
    for name, edit in HARMLESS_SENTENCE.items():
        yield replace(_sentence(name, edit), must_be="any")
    for name, content in CHECKPOINTS.items():
        yield _llama2c(name, content)


def _gguf(name: str, edit: Edit) -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        causal_model(project)
        shutil.rmtree(project / BIG)
        shutil.copytree(gguf_template(), project / BIG)
        edit(project / BIG / "m.gguf")
        return causal_settings() | {"teacher.path": f"{BIG}/m.gguf"}

    return Attempt(door="models", name=f"GGUF: {name}", prepare=prepare, command=RUN)


def _sentence(name: str, edit: Edit) -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        raw(project, "t.csv", CSV)
        edit(Path(shutil.copytree(sentence_template(), project / BIG)))
        given = {"groups.teacher": "sentence", "teacher.path": BIG, "teacher.licence": "own"}
        return SETTINGS | given | {"data.path": "data/01_raw/t.csv"}

    return Attempt(door="models", name=f"sentence encoder: {name}", prepare=prepare, command=RUN)


def _llama2c(name: str, content: bytes | None) -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        if content is not None:
            raw(project, "m.bin", content)
        raw(project, "t.bin", struct.pack("<i", 4) + struct.pack("<fi", 0.0, 1) + b"a")
        return {}

    path = "/dev/zero" if content is None else "data/01_raw/m.bin"
    command = ("kedro", "import-llama2c", path, "data/01_raw/t.bin", "models/out")
    return Attempt(door="models", name=f"llama2.c: {name}", prepare=prepare, command=command)


GGUF: dict[str, Edit] = {
    "only the magic number": lambda path: path.write_bytes(b"GGUF") and None,
    "2^62 tensors": lambda path: path.write_bytes(
        b"GGUF" + struct.pack("<IQQ", 3, 2**62, 0)
    ) and None,
    "2^62 keys": lambda path: path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 2**62)) and None,
    "a key of 2^62 bytes": lambda path: path.write_bytes(
        b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**62)
    ) and None,
    "2^31 - 1 blocks": lambda path: _replaced(
        path, b"llama.block_count" + struct.pack("<II", 4, 2),
        b"llama.block_count" + struct.pack("<II", 4, 2**31 - 1),
    ),
    "a width of 2^31 - 1": lambda path: _replaced(
        path, b"llama.embedding_length" + struct.pack("<II", 4, 64),
        b"llama.embedding_length" + struct.pack("<II", 4, 2**31 - 1),
    ),
    "another architecture": lambda path: _replaced(path, b"llama", b"evil_"),
    "without its end": lambda path: path.write_bytes(path.read_bytes()[:-2000]) and None,
    "64 sparse gigabytes": lambda path: sparse(path, 64 * 2**30, path.read_bytes()[:4096]),
    "a byte inverted in its head": lambda path: path.write_bytes(
        flipped(path.read_bytes(), 40)
    ) and None,
    "an array in arrays": lambda path: path.write_bytes(
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"a"
        + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 100_000
    ) and None,
}  # fmt: skip


def _replaced(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    if old not in content:
        raise ValueError(f"{old!r} is not in the file")
    path.write_bytes(content.replace(old, new))


def _modules(*modules: Mapping[str, object]) -> Edit:
    return written("modules.json", json.dumps(modules))


def _module(kind: str, path: str = "") -> dict[str, object]:
    return {"idx": 0, "name": "0", "path": path, "type": kind}


SENTENCE: dict[str, Edit] = {
    "a module of its own code": _modules(_module("evil.Module")),
    "a module of Python": _modules(_module("os.system")),
    "a module that lies outside": _modules(
        _module("sentence_transformers.models.Transformer", "../../../elsewhere")
    ),
    "an absolute module": _modules(_module("sentence_transformers.models.Transformer", "/etc")),
    "no modules": _modules(),
    "modules that are an object": written("modules.json", "{}"),
    "modules of 200,000 brackets": written("modules.json", "[" * 200_000),
    "a dense layer with a pickle": both(
        _modules(
            _module("sentence_transformers.models.Transformer"),
            _module("sentence_transformers.models.Pooling", "1_Pooling"),
            _module("sentence_transformers.models.Dense", "2_Dense"),
        ),
        written("2_Dense/config.json", '{"in_features": 8, "out_features": 4}'),
        written("2_Dense/pytorch_model.bin", pickle.dumps(Payload())),
    ),
    "a pooling that there is not": written("1_Pooling/config.json", '{"pooling_mode": "evil"}'),
    "a pooling that is a pipe": lambda folder: (
        (folder / "1_Pooling/config.json").unlink(),
        os.mkfifo(folder / "1_Pooling/config.json"),
    )[1],
}
# The model's own table of positions bounds the length.
HARMLESS_SENTENCE: dict[str, Edit] = {
    "a length of 2^40": written("sentence_bert_config.json", '{"max_seq_length": 1099511627776}'),
}
CHECKPOINTS: dict[str, bytes | None] = {
    "a device": None,
    "an empty file": b"",
    "10^9 layers": struct.pack("<7i", 16, 24, 10**9, 4, 2, 280, 32) + bytes(1000),
    "negative sizes": struct.pack("<7i", -16, -24, -2, -4, -2, -280, -32) + bytes(1000),
    "no heads": struct.pack("<7i", 16, 24, 2, 0, 0, 280, 32) + bytes(1000),
}
