"""Model directories: what is saved is what is loaded, and nothing pickled ever is."""

from pathlib import Path

import pytest
import torch
from small_project import image_encoder

from stillroom.errors import ModelError
from stillroom.models.directory import (
    architecture_hash,
    load_model,
    read_encoder,
    save_model,
    weights_hash,
)
from stillroom.models.table import Shape, build

SHAPE = Shape((1, 28, 28), ("a", "b", "c"))
ENCODER = image_encoder(SHAPE)
RESNET = {"embedding_size": 4, "hidden_sizes": [4, 8], "depths": [1, 1], "layer_type": "basic"}
ARCHITECTURES = [("mlp", {"hidden": [8]}), ("resnet", RESNET)]


def saved(folder: Path, name: str = "mlp", options: dict[str, object] | None = None) -> Path:
    model = build(name, options or {"hidden": [8]}, SHAPE, seed=0)
    save_model(model, ENCODER, folder)
    return folder


@pytest.mark.parametrize(("name", "options"), ARCHITECTURES)
def test_a_saved_model_answers_as_before(
    tmp_path: Path, name: str, options: dict[str, object]
) -> None:
    model = build(name, options, SHAPE, seed=0).eval()
    save_model(model, ENCODER, tmp_path)
    loaded = load_model(tmp_path)
    inputs = torch.randn(3, 1, 28, 28)
    assert not loaded.training
    assert loaded.config.id2label == {0: "a", 1: "b", 2: "c"}
    with torch.no_grad():
        ours = model(**{model.main_input_name: inputs}).logits
        theirs = loaded(**{loaded.main_input_name: inputs}).logits
    assert torch.equal(ours, theirs)


def test_equal_models_are_equal_files(tmp_path: Path) -> None:
    first, second = saved(tmp_path / "a"), saved(tmp_path / "b")
    assert weights_hash(first) == weights_hash(second)
    assert architecture_hash(first) == architecture_hash(second)
    assert read_encoder(first) == ENCODER


def test_pickled_weights_are_refused_by_name(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"pytorch_model\.bin is a pickle: convert it"):
        load_model(folder)


def test_a_folder_without_a_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json does not exist"):
        load_model(tmp_path)


@pytest.mark.parametrize("position", [0, 8, 200])
def test_a_damaged_weights_file_is_one_named_error(tmp_path: Path, position: int) -> None:
    folder = saved(tmp_path)
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[:position])
    with pytest.raises(ModelError, match="cannot be loaded") as raised:
        load_model(folder)
    assert "\n" not in str(raised.value)


def test_a_model_of_code_from_elsewhere_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (folder / "config.json").write_text(
        '{"model_type": "theirs", "auto_map": {"AutoConfig": "theirs.Config"},'
        '"architectures": ["TheirForCausalLM"]}'
    )
    (folder / "theirs.py").write_text("raise SystemExit('this code must never run')")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(folder)


def test_a_model_without_a_head_that_is_known_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (folder / "config.json").write_text('{"model_type": "bert", "architectures": ["BertModel"]}')
    with pytest.raises(ModelError, match=r"architecture BertModel; it must end with ForCausalLM"):
        load_model(folder)


def test_a_missing_encoder_is_named(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(ModelError, match=r"preprocessor_config\.json is missing"):
        read_encoder(folder)


def test_a_missing_tensor_is_named_and_never_made_up(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = saved(tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights["layers.0.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"missing keys layers\.0\.weight"):
        load_model(folder)


def test_half_precision_on_disk_is_float32_in_memory(tmp_path: Path) -> None:
    model = build("mlp", {"hidden": [8]}, SHAPE, seed=0).to(torch.bfloat16)
    save_model(model, ENCODER, tmp_path)
    loaded = load_model(tmp_path)
    assert {weights.dtype for weights in loaded.parameters()} == {torch.float32}
