"""What lies at the path of a teacher, said in one line with a way out."""

import json
import re
from pathlib import Path

import pytest

from stillroom.config.model_files import instead_of_model, is_empty

ADAPTER = json.dumps({"base_model_name_or_path": "acme/base", "peft_type": "LORA"})


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, r"is an empty folder\. Copy a model there"),
        ({".gitkeep": ""}, "is an empty folder"),
        (
            {"adapter_config.json": ADAPTER, "tokenizer.json": "{}"},
            "an adapter of acme/base, which",
        ),
        (
            {"adapter_model.safetensors": "", "README.md": ""},
            r"an adapter, which .*merge_and_unload",
        ),
        ({"adapter_config.json": "not JSON"}, "holds an adapter, which is no model"),
        ({"checkpoint-1/config.json": "{}"}, r"but checkpoint-1 in it does\. Set the path to"),
        ({"a/config.json": "{}", "b/config.json": "{}"}, "but b in it does, and 1 more do"),
        ({"snapshots/0a1b/config.json": "{}", "refs/main": "0a1b"}, "but snapshots/0a1b in it"),
        ({"pytorch_model.bin": ""}, r"pytorch_model\.bin is a pickle.*save_pretrained"),
        ({"last.ckpt": "", "log.txt": ""}, r"last\.ckpt is a pickle"),
        ({"tokenizer.json": "{}", "tokenizer_config.json": "{}"}, "a tokenizer, but no model"),
        ({"a.txt": "", "b.txt": "", "c.txt": "", "d.txt": ""}, r"\(a\.txt, b\.txt, c\.txt, …\)"),
        ({"model.safetensors": ""}, r"holds no model \(model\.safetensors\)"),
    ],
)
def test_what_lies_there_is_named(tmp_path: Path, files: dict[str, str], words: str) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    text = instead_of_model(folder)
    assert re.search(words, text), text
    assert "\n" not in text


def test_a_missing_path_and_a_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert instead_of_model(tmp_path / "none").startswith("does not exist. Set it to a folder")
    assert instead_of_model(tmp_path / "a.txt").startswith("is a file, but no model")
    assert not is_empty(tmp_path)
    assert not is_empty(tmp_path / "a.txt")


def test_the_name_of_a_base_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    config = {"base_model_name_or_path": "\x1b]52;c;aGk=\x07"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    assert "holds an adapter, which" in instead_of_model(tmp_path)
