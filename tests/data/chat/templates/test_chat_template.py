"""Chat templates: read from where transformers reads them, or refused with the way out."""

import json
from pathlib import Path
from typing import Any

import gguf
import pytest
import transformers
from support.examples.chat_tokenizer import chat_tokenizer

from stillroom.data.chat.templates.chat_template import (
    MOST_BYTES,
    ChatTemplate,
    read_chat_template,
)
from stillroom.data.chat.templates.chatml import CHATML
from stillroom.data.text.tokenizer import write_tokenizer
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_bytes

A, B, C = (f"{{{{ messages }}}} {name}" for name in "abc")
LISTED = [{"name": "default", "template": A}, {"name": "tool_use", "template": B}]


def model(folder: Path, config: Any = None, **files: str) -> Path:
    """Write a tokenizer with a chat template in its config and in .jinja files."""
    folder.mkdir(exist_ok=True)
    write_tokenizer(chat_tokenizer(None, "</s>"), folder)
    if config is not None:
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"chat_template": config}))
    for name, text in files.items():
        file = folder / ("" if name == "chat_template" else "additional_chat_templates")
        file.mkdir(exist_ok=True)
        (file / f"{name}.jinja").write_bytes(text.encode())
    return folder


@pytest.mark.parametrize(
    ("config", "files"),
    [
        (A, {}),
        (LISTED, {}),
        (A, {"chat_template": B}),
        (LISTED, {"chat_template": C}),
        (A, {"chat_template": B, "tool_use": C}),
        (None, {"chat_template": A, "rag": B}),
        (None, {"chat_template": "{{ messages }}\r\nx\ry\r\n"}),
    ],
)
def test_the_template_of_a_folder_is_that_of_transformers(
    tmp_path: Path, config: Any, files: dict[str, str]
) -> None:
    folder = model(tmp_path / "model", config, **files)
    theirs = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    ours = read_chat_template(folder, None)
    assert ours.text == theirs.get_chat_template()
    assert (ours.tool_use or ours.text) == theirs.get_chat_template(tools=[{}])


def test_a_name_a_path_and_the_built_in_one_choose_another(tmp_path: Path) -> None:
    folder = model(tmp_path / "model", LISTED)
    own = tmp_path / "own.jinja"
    own.write_text(C)
    assert read_chat_template(folder, "tool_use").text == B
    assert read_chat_template(folder, str(own)) == ChatTemplate(C, str(own))
    assert read_chat_template(folder, "chatml").text == CHATML
    assert read_chat_template(None, "chatml").text == CHATML
    assert read_chat_template(model(tmp_path, None, chatml=A), "chatml").text == A


@pytest.mark.parametrize(
    ("config", "files", "choice", "words"),
    [
        (None, {}, None, r"has no chat template\. Set data\.chat\.template to chatml"),
        (
            LISTED,
            {},
            "tool",
            r"one of chatml, default, tool_use, .* Did you mean tool_use\?",
        ),
        (LISTED[1:], {}, None, r"has the templates tool_use, but none called default"),
        (7, {}, None, "neither a text nor a list"),
        ([{"name": "default"}], {}, None, "neither a text nor a list"),
        ("no template", {}, None, "has no Jinja in it"),
        (A + "x" * MOST_BYTES, {}, None, "larger than 1.05 MB"),
        (
            None,
            {"chat_template": A + "x" * MOST_BYTES},
            None,
            "a file may have 1.05 MB",
        ),
        (A, {}, "none.jinja", "none.jinja: the file does not exist"),
    ],
)
def test_what_is_no_template_is_refused_with_the_way_out(
    tmp_path: Path, config: Any, files: dict[str, str], choice: str | None, words: str
) -> None:
    with pytest.raises(DataError, match=words) as raised:
        read_chat_template(model(tmp_path, config, **files), choice)
    assert "\n" not in str(raised.value)


def test_a_link_out_of_the_folder_and_other_bytes_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.jinja"
    secret.write_text(A)
    folder = model(tmp_path / "model")
    (folder / "chat_template.jinja").symlink_to(secret)
    with pytest.raises(DataError, match="is a link to another place"):
        read_chat_template(folder, None)
    secret.write_bytes(b"{{ \xff }}")
    with pytest.raises(DataError, match="is not UTF-8"):
        read_chat_template(folder, str(secret))
    (folder / "chat_template.jinja").unlink()
    (folder / "tokenizer_config.json").write_text("[" * 100_000)
    with pytest.raises(DataError, match="is not JSON"):
        read_chat_template(folder, None)


def test_the_header_of_a_gguf_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_chat_template([{"name": "default", "template": A}, *LISTED[1:]])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    template = read_chat_template(path, None)
    assert (template.text, template.tool_use) == (A, B)


def test_its_hash_is_that_of_what_decides_the_text() -> None:
    assert ChatTemplate(A, "here").sha256 == sha256_bytes(A.encode())
    both = ChatTemplate(A, "here", B)
    assert both.sha256 == ChatTemplate(A, "there", B).sha256 != ChatTemplate(A, "here", C).sha256


def test_a_field_is_read_where_a_template_names_it() -> None:
    assert ChatTemplate(A, "here").reads("messages")
    assert not ChatTemplate(A, "here").reads("tool_calls")
    assert ChatTemplate(A, "here", "{{ tool_calls }}").reads("tool_calls")


def test_arguments_are_those_that_the_template_reads() -> None:
    template = ChatTemplate("{% if enable_thinking %}a{% endif %}", "the template", "{{ mode }}")
    given = template.given({"enable_thinking": False, "mode": "x"})
    assert given.arguments == {"enable_thinking": False, "mode": "x"}
    assert template.arguments == {}
    words = r"arguments\.enable_thinkin is set, .* Did you mean enable_thinking\?"
    with pytest.raises(DataError, match=words):
        template.given({"enable_thinkin": True})
    with pytest.raises(DataError, match="the template does not read it"):
        template.given({"thinking": True})  # a part of a name is no name
