"""Adapter folders: the numbers of an adapter, counted from its files."""

import json
from pathlib import Path

import pytest
from support.examples.text_examples import ENCODER
from support.models.small_language_models import small_model

from stillroom.config.schema import Adapter
from stillroom.errors import StillroomError
from stillroom.models.adapters.adapted_model import save_adapted
from stillroom.models.adapters.adapter_folder import AdapterSummary, name_base, read_adapter
from stillroom.models.adapters.add_adapter import add_adapter

pytest.importorskip("peft", reason="pip install 'stillroom[adapters]'")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    model = small_model("llama")
    lora = Adapter(kind="lora", rank=4, alpha=8, dropout=0.0, targets=None)
    add_adapter(model, lora, seed=0)
    save_adapted(model, ENCODER, tmp_path)
    return tmp_path


def test_what_was_trained_is_counted(saved: Path) -> None:
    base = sum(one.numel() for one in small_model("llama").parameters())
    matrices = 2 * 4 * ((32 + 32) + (32 + 16))  # two layers of rank 4: queries, then values
    assert read_adapter(saved) == AdapterSummary(
        rank=4,
        alpha=8,
        targets=("q_proj", "v_proj"),
        trained=matrices,
        parameters=base + matrices,
    )


def test_the_name_of_the_base_is_all_that_changes(saved: Path) -> None:
    file = saved / "adapter" / "adapter_config.json"
    before = file.read_bytes()
    name_base(saved, "owner/base")
    assert json.loads(before) | {"base_model_name_or_path": "owner/base"} == json.loads(
        file.read_bytes()
    )
    name_base(saved, None)
    assert file.read_bytes() == before


def test_the_base_of_a_model_without_an_adapter_is_not_written(tmp_path: Path) -> None:
    name_base(tmp_path, "owner/base")
    assert list(tmp_path.iterdir()) == []


def test_it_is_said_in_a_line() -> None:
    summary = AdapterSummary(
        rank=8, alpha=16, targets=("q", "v"), trained=184_320, parameters=218_000_000
    )
    assert summary.words() == (
        "LoRA of rank 8 and alpha 16 at q, v; 184,320 of 218,000,000 parameters trained, 0.08%"
    )


def test_a_model_without_an_adapter_has_none(tmp_path: Path) -> None:
    assert read_adapter(tmp_path) is None


@pytest.mark.parametrize("file", ["adapter_config.json", "adapter_model.safetensors"])
@pytest.mark.parametrize("content", [None, b"{}", b"\x00"], ids=["missing", "empty", "damaged"])
def test_a_damaged_folder_is_refused(saved: Path, file: str, content: bytes | None) -> None:
    path = saved / "adapter" / file
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(StillroomError, match=r"kedro run --pipeline=train"):
        read_adapter(saved)
