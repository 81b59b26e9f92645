"""Model directories: a saved model is the loaded model, and no pickle is ever read."""

from pathlib import Path

import pytest
import torch
from support.examples.image_examples import image_encoder

from stillroom.config.schema import Inference
from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import (
    architecture_hash,
    load_model,
    read_encoder,
    save_model,
)
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.models.shape import Shape

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
    with pytest.raises(ModelError, match="is damaged") as raised:
        load_model(folder)
    assert "\n" not in str(raised.value)


def test_a_model_of_code_from_elsewhere_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (folder / "config.json").write_text(
        '{"model_type": "theirs", "auto_map": {"AutoConfig": "theirs.Config"},'
        '"architectures": ["TheirForCausalLM"]}'
    )
    (folder / "theirs.py").write_text("raise SystemExit('this code must never run')")
    with pytest.raises(ModelError, match=r"needs the code beside the model \(auto_map\)"):
        load_model(folder)


def test_a_model_without_a_head_that_is_known_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (folder / "config.json").write_text('{"model_type": "bert", "architectures": ["BertModel"]}')
    with pytest.raises(
        ModelError, match=r"BertModel, which has no head\. Set teacher\.source=sent"
    ):
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


def test_the_precision_is_the_configured_one(tmp_path: Path) -> None:
    half = Inference(dtype="float16", device_map="cpu")
    loaded = load_model(saved(tmp_path), half)
    assert {weights.dtype for weights in loaded.parameters()} == {torch.float16}


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_a_device_that_is_not_here_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"teacher\.device_map is cuda, but this machine has no CUDA device"
    ):
        load_model(saved(tmp_path), Inference(dtype="float32", device_map="cuda"))


def test_auto_puts_a_model_where_there_is_room(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    loaded = load_model(folder, Inference(dtype="float32", device_map="auto"))
    inputs = torch.randn(3, 1, 28, 28)
    with torch.no_grad():
        logits = loaded(inputs.to(loaded.device)).logits.cpu()
        assert torch.allclose(logits, load_model(folder)(inputs).logits, atol=1e-5)


def test_a_layer_that_the_config_does_not_count_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = saved(tmp_path)
    weights = load_file(folder / "model.safetensors")
    extra = weights | {"layers.9.weight": torch.zeros(2, 2)}
    save_file(extra, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"unexpected keys layers\.9\.weight"):
        load_model(folder)


def test_a_head_of_the_pretraining_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from safetensors.torch import load_file, save_file

    folder = saved(tmp_path)
    weights = load_file(folder / "model.safetensors")
    extra = weights | {"cls.seq_relationship.bias": torch.zeros(2)}
    save_file(extra, folder / "model.safetensors", metadata={"format": "pt"})
    with caplog.at_level("INFO", logger="stillroom"):
        load_model(folder)
    assert "not used: cls.seq_relationship.bias" in caplog.text
