"""Image processors: the preprocessing of an image model of the Hub in, an encoder of images out.

    preprocessor_config.json ──transformers──> processor ──asked about test images──> ArrayEncoder
    ArrayEncoder ──write_image_processor──> processor_config.json, which AutoImageProcessor reads

An `ArrayEncoder` scales each channel linearly, and no more. So a processor can be taken over if it
does no more either to images of the examples' size: it resizes images to the size that they have.
Whether that is so is not read from its settings, of which each class has its own, but from what
the processor does to two constant images and a random one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.data.encoders import ArrayEncoder, Encoder
from stillroom.data.raw_examples import shape_text
from stillroom.errors import ModelError
from stillroom.io.json.json_files import read_json, write_json
from stillroom.models.pretrained.config_file import read_config
from stillroom.models.pretrained.model_directory import PREPROCESSOR

# A file that AutoImageProcessor reads before preprocessor_config.json, where the encoder stands.
PROCESSOR = "processor_config.json"
BICUBIC = 3  # the number of this filter in PIL
_LARGEST = 4096
_TOLERANCE = 1e-4
_SIZES = ("size", "crop_size", "pad_size")


def write_image_processor(encoder: ArrayEncoder, folder: Path) -> None:
    """Write the processor of images that does what their encoder does, beside their model.

    To images of the examples' size it gives the numbers of the encoder, to within rounding; it
    stretches others to that size first.
    """
    height, width, _ = encoder.raw_shape
    processor = {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": height, "width": width},
        "resample": BICUBIC,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(encoder.mean),
        "image_std": list(encoder.scale),
    }
    write_json(folder / PROCESSOR, {"image_processor": processor})


def is_image_processor(source: Path) -> bool:
    """Return whether the preprocessing beside a model is that of transformers, for images."""
    document = read_json(source / PREPROCESSOR)
    return isinstance(document, dict) and "kind" not in document and _is_for_images(document)


def image_encoder(source: Path, examples: Encoder) -> ArrayEncoder:
    """Return an encoder that does to the examples what the processor beside a model does.

    Args:
        source: the folder of the model.
        examples: the encoder of the examples, for their size.

    Raises:
        ModelError: the examples are no images, or greyscale; or the processor does more to them
            than to scale their channels. The message says what to set.
    """
    if not (isinstance(examples, ArrayEncoder) and examples.kind == "image"):
        raise ModelError(
            f"{source} sees images, but the examples are {examples.kind}. Choose another teacher."
        )
    height, width, channels = examples.raw_shape
    if channels != 3:
        raise ModelError(
            f"{source} sees images in colour, but the examples are greyscale. Convert one image "
            "or more to RGB: all are read in colour then."
        )
    _require_sizes(source)
    scaling = _scaling(source, height, width)
    if isinstance(scaling, _Resized):
        raise _other_size(source, (height, width), scaling)
    mean, scale = scaling
    labels: dict[Any, str] = dict(read_config(source).id2label or {})
    return ArrayEncoder(
        kind="image",
        classes=tuple(labels[at] for at in sorted(labels)),
        shape=(channels, height, width),
        raw_shape=examples.raw_shape,
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
    )


class _Resized(tuple[int, int]):
    """Height and width that a processor gives; it does more than to scale the channels."""


def _is_for_images(document: Mapping[str, object]) -> bool:
    names = {"image_processor_type", "feature_extractor_type", "image_mean", "do_normalize"}
    return bool(names & set(document))


def _require_sizes(source: Path) -> None:
    """Refuse sizes that would take all memory, before the processor makes such an image."""
    document = read_json(source / PREPROCESSOR)
    given = [document.get(name) for name in _SIZES] if isinstance(document, dict) else []
    numbers = [n for size in given for n in (size.values() if isinstance(size, dict) else [size])]
    for number in numbers:
        if isinstance(number, int | float) and not 1 <= number <= _LARGEST:
            raise ModelError(
                f"{source / PREPROCESSOR} names the size {number}; allowed are 1 to {_LARGEST} "
                "pixels. Correct it."
            )


def _scaling(
    source: Path, height: int, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | _Resized:
    """Return mean and scale of each channel, or the size if the processor does more than that."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    black, white, mixed = (
        _processed(source, image)
        for image in (np.zeros_like(noise), np.full_like(noise, 255), noise)
    )
    low, high = (image.reshape(3, -1)[:, 0].astype(np.float64) for image in (black, white))
    size = _Resized((int(mixed.shape[1]), int(mixed.shape[2])))
    if size != (height, width) or not np.isfinite(low).all() or not (high > low).all():
        return size
    scale = 1 / (high - low)
    mean = -low * scale
    wanted = (noise.transpose(2, 0, 1) / 255 - mean[:, None, None]) / scale[:, None, None]
    return (mean, scale) if np.abs(mixed - wanted).max() < _TOLERANCE else size


def _processed(source: Path, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return [3, height, width], as the processor of `source` gives it.

    Pillow's backend is named outright: the other one, which some machines have, resizes otherwise.
    """
    from transformers import AutoImageProcessor

    try:
        processor = AutoImageProcessor.from_pretrained(
            source, backend="pil", local_files_only=True, trust_remote_code=False
        )
        values = processor(images=image, input_data_format="channels_last", return_tensors="np")
        pixels = np.asarray(values["pixel_values"])[0]
    except Exception as error:  # transformers raises a dozen unrelated types
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{source / PREPROCESSOR} cannot be used ({reason}).") from error
    if pixels.ndim != 3 or pixels.shape[0] != 3:
        raise ModelError(
            f"{source / PREPROCESSOR} makes {shape_text(pixels.shape)} of an image; only "
            "3 x height x width is supported. Choose another teacher."
        )
    return pixels


def _other_size(source: Path, given: tuple[int, int], seen: _Resized) -> ModelError:
    height, width = seen
    size = f"Set data.image.size to [{height}, {width}], so that ingest resizes the images"
    if tuple(seen) == given or isinstance(_scaling(source, height, width), _Resized):
        size = (
            f"Its resizing cannot be taken over: in a copy of the model, set do_resize and "
            f"do_center_crop to false in {PREPROCESSOR}, and set data.image.size to "
            f"[{height}, {width}], so that ingest resizes the images"
        )
    return ModelError(
        f"{source} sees images of {height}x{width}, which its own preprocessing makes of the "
        f"examples of {given[0]}x{given[1]}. {size}."
    )
