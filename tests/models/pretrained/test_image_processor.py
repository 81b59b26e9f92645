"""Image processors: what transformers does to an image, against the encoder that is taken over."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import save_file

from stillroom.data.encoders import ArrayEncoder, write_encoder
from stillroom.errors import ModelError
from stillroom.models.pretrained.image_processor import (
    image_encoder,
    is_image_processor,
    write_image_processor,
)

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
VIT = {
    "image_processor_type": "ViTImageProcessor",
    "size": {"height": 8, "width": 6},
    "image_mean": MEAN,
    "image_std": STD,
}


def model(folder, processor, labels=("down", "up")):
    """Write the config and the preprocessing of a model, and weights that do not matter here."""
    save_file({"a": np.zeros(1, np.float32)}, folder / "model.safetensors")
    id2label = {str(at): name for at, name in enumerate(labels)}
    config = {"model_type": "vit", "architectures": ["ViTForImageClassification"]}
    (folder / "config.json").write_text(json.dumps(config | {"id2label": id2label}))
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


def examples(height=8, width=6, channels=3):
    return ArrayEncoder(
        kind="image",
        classes=("down", "up"),
        shape=(channels, height, width),
        raw_shape=(height, width, channels),
        mean=(0.0,) * channels,
        scale=(1.0,) * channels,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]},
        {"do_normalize": False},
        {"do_rescale": False},
        {"rescale_factor": 1 / 127.5, "do_normalize": False},
        {"image_processor_type": "ViTImageProcessorFast"},
        {"image_processor_type": "DeiTImageProcessor", "crop_size": {"height": 8, "width": 6}},
        {"image_processor_type": "BitImageProcessor", "do_resize": False, "do_center_crop": False},
    ],
)
def test_the_encoder_does_what_the_processor_does(tmp_path, changes):
    from transformers import AutoImageProcessor

    source = model(tmp_path, VIT | changes)
    assert is_image_processor(source)
    encoder = image_encoder(source, examples())
    assert encoder.classes == ("down", "up")
    images = np.random.default_rng(5).integers(0, 256, (3, 8, 6, 3), np.uint8)
    processor = AutoImageProcessor.from_pretrained(source, backend="pil")
    wanted = processor(list(images), input_data_format="channels_last", return_tensors="np")
    frame = pl.DataFrame({"image": [image.tobytes() for image in images]})
    np.testing.assert_allclose(encoder.encode(frame), wanted["pixel_values"], rtol=1e-4, atol=2e-5)


def test_imagenets_mean_and_deviation_are_those_of_the_file(tmp_path):
    encoder = image_encoder(model(tmp_path, VIT), examples())
    assert encoder.mean == pytest.approx(MEAN, abs=1e-6)
    assert encoder.scale == pytest.approx(STD, abs=1e-6)


def test_another_size_is_refused_with_the_size_to_set(tmp_path):
    source = model(tmp_path, VIT)
    with pytest.raises(ModelError, match=r"examples of 9x9\. Set data\.image\.size to \[8, 6\]"):
        image_encoder(source, examples(9, 9))
    assert image_encoder(source, examples(8, 6)).raw_shape == (8, 6, 3)


def test_a_processor_that_crops_is_refused_with_a_way_out_that_works(tmp_path):
    crop = {
        "image_processor_type": "BitImageProcessor",
        "size": {"shortest_edge": 10},
        "crop_size": {"height": 8, "width": 8},
    }
    source = model(tmp_path, crop)
    with pytest.raises(ModelError, match=r"do_resize and do_center_crop to false .*\[8, 8\]"):
        image_encoder(source, examples(8, 8))
    source = model(tmp_path, crop | {"do_resize": False, "do_center_crop": False})
    assert image_encoder(source, examples(8, 8)).raw_shape == (8, 8, 3)


def test_channels_in_another_order_are_not_taken_for_scaling(tmp_path):
    flipped = {
        "image_processor_type": "MobileViTImageProcessor",
        "size": {"shortest_edge": 8},
        "do_center_crop": False,
        "do_flip_channel_order": True,
    }
    with pytest.raises(ModelError, match="cannot be taken over"):
        image_encoder(model(tmp_path, flipped), examples(8, 8))


@pytest.mark.parametrize("size", [{"height": 10**9, "width": 8}, 10**9, {"shortest_edge": 0}])
def test_an_absurd_size_is_refused_before_an_image_is_made(tmp_path, size):
    with pytest.raises(ModelError, match="allowed are 1 to 4096 pixels"):
        image_encoder(model(tmp_path, VIT | {"size": size}), examples())


def test_greyscale_examples_are_refused(tmp_path):
    with pytest.raises(ModelError, match="sees images in colour, but the examples are greyscale"):
        image_encoder(model(tmp_path, VIT), examples(channels=1))


def test_an_unknown_processor_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"preprocessor_config\.json cannot be used"):
        image_encoder(model(tmp_path, VIT | {"image_processor_type": "Mine"}), examples())


def test_code_of_its_own_is_not_run(tmp_path):
    (tmp_path / "mine.py").write_text("raise SystemExit(3)")
    own = {"image_processor_type": "Mine", "auto_map": {"AutoImageProcessor": "mine.Mine"}}
    with pytest.raises(ModelError, match=r"preprocessor_config\.json cannot be used"):
        image_encoder(model(tmp_path, VIT | own), examples())


def test_an_encoder_of_stillroom_is_no_processor_of_the_hub(tmp_path):
    assert not is_image_processor(model(tmp_path, examples().to_json()))


@pytest.mark.parametrize(("height", "width", "channels"), [(8, 6, 3), (5, 9, 3), (7, 7, 1)])
def test_a_written_processor_does_what_the_encoder_does(tmp_path, height, width, channels):
    from PIL import Image
    from transformers import AutoImageProcessor

    statistics = {"mean": tuple(MEAN[:channels]), "scale": tuple(STD[:channels])}
    encoder = replace(examples(height, width, channels), **statistics)
    write_image_processor(encoder, tmp_path)
    write_encoder(encoder, tmp_path, "preprocessor_config.json")
    shape = (height, width, channels)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    image = Image.fromarray(pixels if channels == 3 else pixels[..., 0])
    processor = AutoImageProcessor.from_pretrained(tmp_path)
    theirs = processor(image, return_tensors="np")["pixel_values"]
    ours = encoder.encode(pl.DataFrame({"image": [pixels.tobytes()]}))
    np.testing.assert_allclose(theirs, ours, atol=1e-5)
    larger = image.resize((3 * width, 2 * height))
    assert processor(larger, return_tensors="np")["pixel_values"].shape == ours.shape
