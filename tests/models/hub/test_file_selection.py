"""Which files are fetched: what is read of a model, and never a pickle or code."""

import json
from pathlib import Path

import pytest
from support.loopback_hub import COMMIT, model_files

from stillroom.errors import HubError, StillroomError
from stillroom.models.hub.file_selection import documents, selected
from stillroom.models.hub.hub_name import HubName
from stillroom.models.hub.repository import Repository, RepositoryFile

NAME = HubName("owner/name", "main")
BASE = ("config.json", "model.safetensors")


def repository(*names: str, **sizes: int) -> Repository:
    files = (
        RepositoryFile(name=name, size=sizes.get(name, 5), sha256="a" * 64, git_sha1=None)
        for name in names
    )
    return Repository(name=NAME, commit=COMMIT, files=tuple(files))


def fetched(folder: Path, *names: str) -> set[str]:
    return {file.name for file in selected(repository(*names), folder).files} - {*BASE}


def test_a_usual_repository(tmp_path: Path) -> None:
    selection = selected(repository(*model_files()), tmp_path)
    assert {file.name for file in selection.files} == {
        "LICENSE",
        "README.md",
        "additional_chat_templates/tools.jinja",
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert selection.pickles == ("pytorch_model.bin",)
    assert selection.code == ("modeling_own.py",)
    assert selection.others == (".gitattributes", "onnx/model.onnx")
    assert selection.size == 45


@pytest.mark.parametrize(
    ("name", "is_fetched"),
    [
        ("tokenizer.model", True),
        ("spiece.model", True),
        ("vocab.txt", True),
        ("vocab.json", True),
        ("merges.txt", True),
        ("special_tokens_map.json", True),
        ("added_tokens.json", True),
        ("preprocessor_config.json", True),
        ("processor_config.json", True),
        ("LICENSE.txt", True),
        ("LICENCE", True),
        ("NOTICE", True),
        ("USE_POLICY.md", True),
        ("modules.json", True),
        ("1_Pooling/config.json", True),
        ("chat_template.json", True),
        ("model.fp16.safetensors", False),
        ("consolidated.safetensors", False),
        ("adapter_model.safetensors", False),
        ("original/model.safetensors", False),
        ("original/params.json", False),
        ("original/tokenizer.model", False),
        ("2_Dense/pytorch_model.bin", False),
        ("checkpoint-5/optimizer.pt", False),
        ("training_args.bin", False),
        ("tf_model.h5", False),
        ("flax_model.msgpack", False),
        ("model.gguf", False),
        ("other.json", False),
        ("a/additional_chat_templates/x.jinja", False),
        ("tokenization_own.py", False),
        (".env", False),
    ],
)
def test_each_file_by_its_name(name: str, is_fetched: bool, tmp_path: Path) -> None:
    assert fetched(tmp_path, *BASE, name) == ({name} if is_fetched else set())


def test_pickles_in_folders_are_named_too(tmp_path: Path) -> None:
    selection = selected(repository(*BASE, "checkpoint-5/optimizer.pt", "a/b.pkl"), tmp_path)
    assert selection.pickles == ("checkpoint-5/optimizer.pt", "a/b.pkl")


def index(folder: Path, *names: str) -> None:
    weight_map = {f"layer.{number}": name for number, name in enumerate(names)}
    content = json.dumps({"metadata": {}, "weight_map": weight_map})
    (folder / "model.safetensors.index.json").write_text(content)


def test_of_several_weight_files_those_of_the_index(tmp_path: Path) -> None:
    index(tmp_path, "a.safetensors", "b.safetensors", "a.safetensors")
    names = ("config.json", "model.safetensors.index.json", "a.safetensors", "b.safetensors")
    found = fetched(tmp_path, *names, "c.safetensors")
    assert found == {"model.safetensors.index.json", "a.safetensors", "b.safetensors"}
    first = {file.name for file in documents(repository(*names))}
    assert first == {"config.json", "model.safetensors.index.json"}


def test_one_weight_file_wins_over_an_index_as_in_transformers(tmp_path: Path) -> None:
    names = (*BASE, "model.safetensors.index.json", "model-00001-of-00002.safetensors")
    assert fetched(tmp_path, *names) == set()


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (["missing.safetensors"], r"has no missing\.safetensors, but .* lists it"),
        (["../../a.safetensors"], "Only safetensors files in the folder"),
        (["pytorch_model.bin"], "Only safetensors files in the folder"),
        ([], "lists no file"),
    ],
)
def test_an_index_that_lists_another_thing_is_refused(
    listed: list[str], message: str, tmp_path: Path
) -> None:
    index(tmp_path, *listed)
    with pytest.raises(StillroomError, match=message):
        selected(repository("config.json", "model.safetensors.index.json"), tmp_path)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["pytorch_model.bin", "config.json"], r"pytorch_model\.bin is a pickle.*refs/pr/1"),
        (["adapter_config.json", "adapter_model.safetensors"], "holds an adapter"),
        (["model-q4.gguf", "config.json"], "holds GGUF files.*teacher.path can name it"),
        (["unet/model.safetensors", "model_index.json"], "although it has other safetensors"),
        (["README.md"], "holds no model of transformers"),
        ([], "holds no model of transformers"),
        (["model.safetensors"], r"has no config\.json"),
    ],
)
def test_what_is_no_model_says_what_it_is(names: list[str], message: str) -> None:
    with pytest.raises(HubError, match=message) as refused:
        documents(repository(*names))
    assert str(refused.value).startswith(f"owner/name@{COMMIT}")


@pytest.mark.parametrize(
    "name",
    [
        "additional_chat_templates/..jinja",
        "LICENSE\n.txt",
        "LICENSE\x1b[2J",
        "NOTICE\u202e",
        "LICENSE" + "x" * 300,
    ],
)
def test_a_name_that_no_model_needs_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(HubError, match="a name that is not allowed") as refused:
        selected(repository(*BASE, name), tmp_path)
    assert str(refused.value).isprintable()


def test_sizes_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="hf download"):
        selected(repository(*BASE, **{"model.safetensors": 50_000_000_001}), tmp_path)
    with pytest.raises(HubError, match=r"README\.md has 67,108,865 bytes"):
        documents(repository(*BASE, "README.md", **{"README.md": 67_108_865}))
    unknown = RepositoryFile(name="model.safetensors", size=5, sha256=None, git_sha1=None)
    files = (*repository("config.json").files, unknown)
    with pytest.raises(HubError, match=r"size and the hash of model\.safetensors"):
        selected(Repository(name=NAME, commit=COMMIT, files=files), tmp_path)
