"""Door: teachers that someone gives. Configs, weights, indices, cards, GGUF, ONNX, llama2.c."""

import json
import os
import pickle
import shutil
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from support.hostile.attempt import Attempt, Outcome
from support.hostile.raw_files import ESCAPE, flipped, raw, sparse
from support.hostile.tables import CSV, SETTINGS, Payload
from support.hostile.tiny_models import (
    BIG,
    causal_model,
    causal_settings,
    gguf_template,
    sentence_template,
)

RUN = ("kedro", "run", "--pipelines=ingest,teachers")
Edit = Callable[[Path], None]


def attempts() -> Iterator[Attempt]:
    """Yield the attempts of this door."""
    for name, changes in CONFIGS.items():
        yield _causal(f"config.json: {name}", _json("config.json", changes))
    for name, edit in FOLDERS.items():
        yield _causal(name, edit)
    for name, edit in HARMLESS.items():
        yield _causal(name, edit, "any")
    for name, header in HEADERS.items():
        yield _causal(f"safetensors: {name}", _written("model.safetensors", header))
    for name, edit in GGUF.items():
        yield _gguf(name, edit)
    for name, edit in SENTENCE.items():
        yield _sentence(name, edit)
    for name, content in CHECKPOINTS.items():
        yield _llama2c(name, content)


def _causal(name: str, edit: Edit, must_be: Outcome = "refused") -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        edit(causal_model(project))
        return causal_settings()

    return Attempt(door="models", name=name, prepare=prepare, command=RUN, must_be=must_be)


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


def _json(name: str, changes: Mapping[str, Any]) -> Edit:
    def edit(folder: Path) -> None:
        path = folder / name
        document = json.loads(path.read_text()) if path.is_file() else {}
        path.write_text(json.dumps(document | changes))

    return edit


def _written(name: str, content: bytes | str) -> Edit:
    def edit(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return edit


def _pickle(name: str, *, without: str | None = None) -> Edit:
    def edit(folder: Path) -> None:
        (folder / name).write_bytes(pickle.dumps(Payload()))
        if without:
            (folder / without).unlink()

    return edit


def _both(*edits: Edit) -> Edit:
    def edit(folder: Path) -> None:
        for one in edits:
            one(folder)

    return edit


def _removed(name: str) -> Edit:
    return lambda folder: (folder / name).unlink()


def _linked(name: str, target: str) -> Edit:
    def edit(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return edit


def _header(document: object, data: bytes = b"") -> bytes:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return struct.pack("<Q", len(text)) + text + data


def _index(names: Mapping[str, str]) -> str:
    return json.dumps({"metadata": {}, "weight_map": dict(names)})


def _pipe(folder: Path) -> None:
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")


def _sparse_weights(folder: Path) -> None:
    """Weights of 200 GB that take no room: a header that fits, and a hole."""
    size = 200 * 2**30
    tensor = {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}
    text = json.dumps({"transformer.wte.weight": tensor}).encode()
    sparse(folder / "model.safetensors", 8 + len(text) + size, _header(text))


def _cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _adapter(folder: Path) -> None:
    _json("adapter_config.json", {"base_model_name_or_path": "../../elsewhere"})(folder)
    _written("adapter_model.bin", pickle.dumps(Payload()))(folder)


CONFIGS: dict[str, dict[str, Any]] = {
    "other weights, a pickle": {"transformers_weights": "../../../elsewhere/x.bin"},
    "other weights in the folder": {"transformers_weights": "other.safetensors"},
    "code of its own": {"auto_map": {"AutoModelForCausalLM": "evil.Model"}, "model_type": "evil"},
    "a type that there is not": {"model_type": "evil"},
    "a type that is a path": {"model_type": "../../evil"},
    "an architecture that there is not": {"architectures": ["Evil"]},
    "an escape sequence as architecture": {"architectures": [ESCAPE]},
    "architectures that are a text": {"architectures": "GPT2LMHeadModel"},
    "10^9 layers": {"n_layer": 10**9},
    "100,000 layers": {"n_layer": 100_000},
    "a width of 10^9": {"n_embd": 10**9},
    "10^9 positions": {"n_positions": 10**9},
    "10^12 words": {"vocab_size": 10**12},
    "minus one layer": {"n_layer": -1},
    "no heads": {"n_head": 0},
    "half a layer": {"n_layer": 0.5},
    "a text as layers": {"n_layer": "__import__('os')"},
    "an activation that is a class": {"activation_function": "os.system"},
    "an attention of the Hub": {"_attn_implementation": "kernels-community/evil"},
    "a quantisation of the Hub": {"quantization_config": {"quant_method": "evil"}},
    "a quantisation that loads code": {
        "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}
    },
    "a type of numbers that there is not": {"dtype": "evil", "torch_dtype": "os.system"},
    "names of classes by the million": {"id2label": {str(n): "x" for n in range(300_000)}},
}
FOLDERS: dict[str, Edit] = {
    "an index beside the weights, with a pickle": _both(
        _written("model.safetensors.index.json", _index({"a": "x.bin"})), _pickle("x.bin")
    ),
    "an index that leads out": _both(
        _written("model.safetensors.index.json", _index({"a": "../x.safetensors"})),
        _removed("model.safetensors"),
    ),
    "an index of a million names": _both(
        _written(
            "model.safetensors.index.json",
            _index({str(n): f"{n}.safetensors" for n in range(300_000)}),
        ),
        _removed("model.safetensors"),
    ),
    "an index that is a list": _both(
        _written("model.safetensors.index.json", "[]"), _removed("model.safetensors")
    ),
    "only a pickle": _pickle("pytorch_model.bin", without="model.safetensors"),
    "only a checkpoint": _pickle("model.ckpt", without="model.safetensors"),
    "weights that are a pickle": _pickle("model.safetensors"),
    "an adapter with a pickle, and no weights": _both(_adapter, _removed("model.safetensors")),
    "weights without their end": _cut,
    "weights of 200 sparse gigabytes": _sparse_weights,
    "weights that link to the outside": _linked("model.safetensors", "/etc/passwd"),
    "a config that links to the outside": _linked("config.json", "../../../canary.txt"),
    "a tokenizer that links to the outside": _linked("tokenizer.json", "../../../canary.txt"),
    "weights that link to a device": _linked("model.safetensors", "/dev/zero"),
    "a config that links to itself": _linked("config.json", "config.json"),
    "a config that is a pipe": _pipe,
    "a config of 200,000 brackets": _written("config.json", "[" * 200_000),
    "a config that is a list": _written("config.json", "[]"),
    "an empty config": _written("config.json", ""),
    "a config of zeros": _written("config.json", b"\0" * 10_000),
    "a config that is no UTF-8": _written("config.json", b'{"model_type": "\xff"}'),
    "a number of a million digits in the config": _written(
        "config.json", '{"n_layer": ' + "9" * 1_000_000 + "}"
    ),
    "a preprocessor of no kind": _written("preprocessor_config.json", '{"kind": "evil"}'),
    "a preprocessor of 200,000 brackets": _written("preprocessor_config.json", "[" * 200_000),
    "no tokenizer": _removed("tokenizer.json"),
}
HARMLESS: dict[str, Edit] = {
    "a pickle beside the weights": _pickle("pytorch_model.bin"),
    "an adapter beside the weights": _adapter,
    "an optimiser's state beside the weights": _pickle("optimizer.pt"),
    "code beside the weights": _written("modeling_evil.py", "open('../../../elsewhere/p', 'w')\n"),
    "a chat template that runs code": _written(
        "chat_template.jinja", "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    ),
    "a card with YAML of a Python object": _written(
        "README.md", "---\nlicense: !!python/object/apply:os.system ['echo']\n---\n"
    ),
    "a card with an escape sequence": _written("README.md", f"---\nlicense: a{ESCAPE}\n---\n"),
    "a card of 100 MB": _written("README.md", "---\nlicense: apache-2.0\n---\n" + "x" * 10**8),
    "a generation config that names code": _written(
        "generation_config.json", '{"custom_generate": "evil/evil", "trust_remote_code": true}'
    ),
    "a config that trusts code": _json("config.json", {"trust_remote_code": True}),
    "a name of the Hub": _json("config.json", {"_name_or_path": "evil/evil"}),
}
TENSOR = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}
HEADERS: dict[str, bytes] = {
    "a header of 2^63 bytes": struct.pack("<Q", 2**63) + b"{}",
    "a header of 200 MB that is not there": struct.pack("<Q", 200_000_000) + b"{}",
    "a header of 200,000 brackets": _header(b"[" * 200_000),
    "a header that is a list": _header([]),
    "offsets beyond the end": _header({"a": TENSOR | {"data_offsets": [0, 10**12]}}, b"\0" * 16),
    "negative offsets": _header({"a": TENSOR | {"data_offsets": [-16, 0]}}, b"\0" * 16),
    "a shape of 2^62": _header({"a": TENSOR | {"shape": [2**31, 2**31]}}, b"\0" * 16),
    "tensors that overlap": _header({"a": TENSOR, "b": TENSOR}, b"\0" * 16),
    "a type that there is not": _header({"a": TENSOR | {"dtype": "OBJECT"}}, b"\0" * 16),
    "no tensors": _header({}),
    "a tensor of another name": _header({ESCAPE: TENSOR}, b"\0" * 16),
    "a thousand dimensions": _header({"a": TENSOR | {"shape": [1] * 1000}}, b"\0" * 16),
    "zeros": b"\0" * 1000,
}
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
    return _written("modules.json", json.dumps(modules))


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
    "modules that are an object": _written("modules.json", "{}"),
    "modules of 200,000 brackets": _written("modules.json", "[" * 200_000),
    "a dense layer with a pickle": _both(
        _modules(
            _module("sentence_transformers.models.Transformer"),
            _module("sentence_transformers.models.Pooling", "1_Pooling"),
            _module("sentence_transformers.models.Dense", "2_Dense"),
        ),
        _written("2_Dense/config.json", '{"in_features": 8, "out_features": 4}'),
        _written("2_Dense/pytorch_model.bin", pickle.dumps(Payload())),
    ),
    "a pooling that there is not": _written("1_Pooling/config.json", '{"pooling_mode": "evil"}'),
    "a pooling that is a pipe": lambda folder: (
        (folder / "1_Pooling/config.json").unlink(),
        os.mkfifo(folder / "1_Pooling/config.json"),
    )[1],
    "a length of 2^40": _written("sentence_bert_config.json", '{"max_seq_length": 1099511627776}'),
}
CHECKPOINTS: dict[str, bytes | None] = {
    "a device": None,
    "an empty file": b"",
    "10^9 layers": struct.pack("<7i", 16, 24, 10**9, 4, 2, 280, 32) + bytes(1000),
    "negative sizes": struct.pack("<7i", -16, -24, -2, -4, -2, -280, -32) + bytes(1000),
    "no heads": struct.pack("<7i", 16, 24, 2, 0, 0, 280, 32) + bytes(1000),
}
