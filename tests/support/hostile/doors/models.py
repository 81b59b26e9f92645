"""Door: model directories that someone gives. Configs, weights, indices, cards."""

import json
import os
import pickle
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from support.hostile.attempt import Attempt, Outcome
from support.hostile.doors.tables import Payload
from support.hostile.raw_files import ESCAPE, sparse
from support.hostile.tiny_models import (
    causal_model,
    causal_settings,
)

CAPTURE = ("kedro", "run", "--pipelines=ingest,teachers,capture")
# Whether weights fit their config is seen when a model is loaded, not when it is taken over.
SEEN_LATER = {
    *(f"config.json: {name}" for name in ("10^12 words", "no heads", "minus one layer")),
    *(f"safetensors: {name}" for name in ("no tensors", "a tensor of another name")),
    "config.json: a width of 10^9",
}
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
        yield _causal(f"safetensors: {name}", written("model.safetensors", header))


def _causal(name: str, edit: Edit, must_be: Outcome = "refused") -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        edit(causal_model(project))
        return causal_settings()

    command = CAPTURE if name in SEEN_LATER else RUN
    return Attempt(door="models", name=name, prepare=prepare, command=command, must_be=must_be)


def _json(name: str, changes: Mapping[str, Any]) -> Edit:
    def edit(folder: Path) -> None:
        path = folder / name
        document = json.loads(path.read_text()) if path.is_file() else {}
        path.write_text(json.dumps(document | changes))

    return edit


def written(name: str, content: bytes | str) -> Edit:
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


def both(*edits: Edit) -> Edit:
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
    written("adapter_model.bin", pickle.dumps(Payload()))(folder)


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
}
FOLDERS: dict[str, Edit] = {
    "an index that leads out": both(
        written("model.safetensors.index.json", _index({"a": "../x.safetensors"})),
        _removed("model.safetensors"),
    ),
    "an index of a million names": both(
        written(
            "model.safetensors.index.json",
            _index({str(n): f"{n}.safetensors" for n in range(300_000)}),
        ),
        _removed("model.safetensors"),
    ),
    "an index that is a list": both(
        written("model.safetensors.index.json", "[]"), _removed("model.safetensors")
    ),
    "only a pickle": _pickle("pytorch_model.bin", without="model.safetensors"),
    "only a checkpoint": _pickle("model.ckpt", without="model.safetensors"),
    "weights that are a pickle": _pickle("model.safetensors"),
    "an adapter with a pickle, and no weights": both(_adapter, _removed("model.safetensors")),
    "weights without their end": _cut,
    "weights of 200 sparse gigabytes": _sparse_weights,
    "weights that link to the outside": _linked("model.safetensors", "/etc/passwd"),
    "a config that links to the outside": _linked("config.json", "../../../canary.txt"),
    "a tokenizer that links to the outside": _linked("tokenizer.json", "../../../canary.txt"),
    "weights that link to a device": _linked("model.safetensors", "/dev/zero"),
    "a config that links to itself": _linked("config.json", "config.json"),
    "a config that is a pipe": _pipe,
    "a config of 200,000 brackets": written("config.json", "[" * 200_000),
    "a config that is a list": written("config.json", "[]"),
    "an empty config": written("config.json", ""),
    "a config of zeros": written("config.json", b"\0" * 10_000),
    "a config that is no UTF-8": written("config.json", b'{"model_type": "\xff"}'),
    "a number of a million digits in the config": written(
        "config.json", '{"n_layer": ' + "9" * 1_000_000 + "}"
    ),
    "a preprocessor of no kind": written("preprocessor_config.json", '{"kind": "evil"}'),
    "a preprocessor of 200,000 brackets": written("preprocessor_config.json", "[" * 200_000),
    "no tokenizer": _removed("tokenizer.json"),
}
# A language model has no classes, and of two forms of weights the single file is read.
HARMLESS: dict[str, Edit] = {
    "names of classes by the million": _json(
        "config.json", {"id2label": {str(n): "x" for n in range(300_000)}}
    ),
    "an index beside the weights, with a pickle": both(
        written("model.safetensors.index.json", _index({"a": "x.bin"})), _pickle("x.bin")
    ),
    "a pickle beside the weights": _pickle("pytorch_model.bin"),
    "an adapter beside the weights": _adapter,
    "an optimiser's state beside the weights": _pickle("optimizer.pt"),
    "code beside the weights": written("modeling_evil.py", "open('../../../elsewhere/p', 'w')\n"),
    "a chat template that runs code": written(
        "chat_template.jinja", "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    ),
    "a card with YAML of a Python object": written(
        "README.md", "---\nlicense: !!python/object/apply:os.system ['echo']\n---\n"
    ),
    "a card with an escape sequence": written("README.md", f"---\nlicense: a{ESCAPE}\n---\n"),
    "a card of 100 MB": written("README.md", "---\nlicense: apache-2.0\n---\n" + "x" * 10**8),
    "a generation config that names code": written(
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
