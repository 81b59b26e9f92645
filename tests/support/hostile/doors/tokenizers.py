"""Door: tokenizers. A tokenizer.json and its config beside a teacher that someone gives."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from support.hostile.attempt import Attempt, Outcome
from support.hostile.raw_files import ESCAPE, sparse
from support.hostile.tiny_models import causal_model, causal_settings

RUN = ("kedro", "run", "--pipelines=ingest,teachers")
Document = dict[str, Any]


def attempts() -> Iterator[Attempt]:
    """Yield the attempts of this door."""
    for name, change in CHANGES.items():
        yield _changed(name, change)
    for name, change in HARMLESS.items():
        yield _changed(name, change, "any")
    for name, content in CONTENTS.items():
        yield _content(name, content)
    for name, config in CONFIGS.items():
        yield _config(name, config)


def _attempt(name: str, edit: Callable[[Path], None], must_be: Outcome = "refused") -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        edit(causal_model(project))
        return causal_settings()

    return Attempt(door="tokenizers", name=name, prepare=prepare, command=RUN, must_be=must_be)


def _changed(
    name: str, change: Callable[[Document], None], must_be: Outcome = "refused"
) -> Attempt:
    def edit(folder: Path) -> None:
        document = json.loads((folder / "tokenizer.json").read_text())
        change(document)
        (folder / "tokenizer.json").write_text(json.dumps(document))

    return _attempt(name, edit, must_be)


def _content(name: str, content: bytes | int) -> Attempt:
    def edit(folder: Path) -> None:
        if isinstance(content, int):
            sparse(folder / "tokenizer.json", content, b'{"version": "1.0"')
        else:
            (folder / "tokenizer.json").write_bytes(content)

    return _attempt(name, edit)


def _config(name: str, config: Document) -> Attempt:
    def edit(folder: Path) -> None:
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | config))

    return _attempt(f"tokenizer_config.json: {name}", edit, "any")


def _normalizer(*steps: Document) -> Callable[[Document], None]:
    chain: Document = {"type": "Sequence", "normalizers": list(steps)}
    return lambda document: document.update(normalizer=chain)


def _replace(pattern: Document, content: str) -> Document:
    return {"type": "Replace", "pattern": pattern, "content": content}


def _added(*tokens: Document) -> Callable[[Document], None]:
    return lambda document: document.update(added_tokens=[*document["added_tokens"], *tokens])


def _token(at: int, content: str) -> Document:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": at, "content": content, "special": True, **flags}


def _last_id(value: int) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        vocabulary = document["model"]["vocab"]
        vocabulary[max(vocabulary, key=vocabulary.get)] = value

    return change


def _merges_without_words(document: Document) -> None:
    document["model"]["merges"] = [["evil", "words"], *document["model"]["merges"]]


def _long_word(document: Document) -> None:
    document["model"]["vocab"]["a" * 60_000_000] = len(document["model"]["vocab"])


def _many_words(document: Document) -> None:
    size = len(document["model"]["vocab"])
    document["model"]["vocab"] |= {f"w{n}": size + n for n in range(3_000_000)}


def _no_words(document: Document) -> None:
    document["model"]["vocab"], document["model"]["merges"] = {}, []


def _nested(document: Document) -> None:
    inner: Document = {"type": "Lowercase"}
    for _ in range(400):
        inner = {"type": "Sequence", "normalizers": [inner]}
    document["normalizer"] = inner


def _multiplying() -> list[Document]:
    return [_replace({"String": "e"}, "e" * 1000)] * 3


CHANGES: dict[str, Callable[[Document], None]] = {
    "an id near 2^31": _last_id(2**31 - 2),
    "an id near 2^32": _last_id(2**32 - 2),
    "an id beyond 2^64": _last_id(2**64),
    "a negative id": _last_id(-1),
    "an added id near 2^32": _added(_token(2**32 - 2, "<evil>")),
    "a normaliser that multiplies a text by 10^9": _normalizer(*_multiplying()),
    "a normaliser that multiplies an empty pattern": _normalizer(
        _replace({"Regex": ""}, "x" * 1_000_000)
    ),
    "a normaliser that puts 100 MB before a text": _normalizer(
        {"type": "Prepend", "prepend": "x" * 100_000_000}
    ),
    "a regular expression that is none": _normalizer(_replace({"Regex": "(((("}, "x")),
    "normalisers 400 deep": _nested,
    "a damaged table of characters": _normalizer(
        {"type": "Precompiled", "precompiled_charsmap": "////" * 100}
    ),
    "merges of words that there are not": _merges_without_words,
    "a word of 60 MB": _long_word,
    "three million words": _many_words,
    "no words": _no_words,
    "another model": lambda document: document.update(model={"type": "Evil"}),
    "no model": lambda document: document.pop("model") and None,
    "a decoder that there is not": lambda document: document.update(decoder={"type": "Evil"}),
    "truncation to nothing": lambda document: document["model"].update(dropout=2.0),
}
HARMLESS: dict[str, Callable[[Document], None]] = {
    "a regular expression that takes exponential time": _normalizer(
        _replace({"Regex": "(a+)+$"}, "x"), _replace({"Regex": "([a-z ]+)*!"}, "y")
    ),
    "an escape sequence as a special token": _added(_token(400, ESCAPE)),
    "a hundred thousand added tokens": _added(
        *(_token(1000 + n, f"<{n}>") for n in range(100_000))
    ),
    "an added token that is empty": _added(_token(400, "")),
}
CONTENTS: dict[str, bytes | int] = {
    "64 sparse gigabytes": 64 * 2**30,
    "zeros": b"\0" * 10_000,
    "200,000 brackets": b"[" * 200_000,
    "a list": b"[]",
    "no UTF-8": b'{"version": "\xff\xfe"}',
    "nothing": b"",
    "half a surrogate pair": b'{"version": "\\ud800", "model": {}}',
}
CONFIGS: dict[str, Document] = {
    "code of its own": {"auto_map": {"AutoTokenizer": ["evil.Tokenizer", None]}},
    "a class that there is not": {"tokenizer_class": "Evil"},
    "a class that is a path": {"tokenizer_class": "../../evil"},
    "an escape sequence as its end": {"eos_token": ESCAPE},
    "an end that is a list": {"eos_token": ["a"]},
    "a template that runs code": {"chat_template": "{{ ''.__class__.__mro__ }}"},
    "a file outside": {"tokenizer_file": "/etc/passwd", "vocab_file": "../../../canary.txt"},
    "a length of 10^30": {"model_max_length": 10**30},
}
