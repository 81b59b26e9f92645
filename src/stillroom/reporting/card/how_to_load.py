"""How a student is loaded: its formats, its task and its lineage in, the card's section out.

A student of transformers' architectures is opened by `transformers` alone; the others by Stillroom.
"""

from collections.abc import Sequence
from textwrap import fill
from typing import Any

from stillroom.config.schema.run_schema import HALF_WEIGHTS
from stillroom.data.encoders import Encoder
from stillroom.reporting.card.card_metadata import TRANSFORMERS, library_of, task_of
from stillroom.reporting.provenance.lineage import Lineage

LINE = 100  # characters of a line of the card


_ENCODER = "`preprocessor_config.json` describes how an input becomes numbers."
_ADAPTER = (
    "`model.safetensors` holds the merged weights. `adapter/` holds the adapter alone, in the "
    'format of `peft`: `PeftModel.from_pretrained(base, path, subfolder="adapter")` adds it to the '
    "model that the student starts from."
)
_LOADING = """\
```python
from stillroom.models.pretrained.model_directory import load_model, read_encoder

encoder = read_encoder(path)
model = load_model(path)  # safetensors; no pickle, no remote code
```"""


# The classes of transformers that open a student, and what makes its inputs, by the Hub's task.
_AUTO = {
    "text-generation": ("AutoModelForCausalLM", "AutoTokenizer"),
    "fill-mask": ("AutoModelForMaskedLM", "AutoTokenizer"),
    "text-classification": ("AutoModelForSequenceClassification", "AutoTokenizer"),
    "image-classification": ("AutoModelForImageClassification", "AutoImageProcessor"),
}
_OF_TRANSFORMERS = """\
```python
from transformers import {inputs}, {model}

inputs = {inputs}.from_pretrained(path)
model = {model}.from_pretrained(path)
```"""
_HALF = "The weights are stored in bf16, as they were trained; Stillroom computes in float32."


def _adapter(lineage: Lineage) -> tuple[str, ...]:
    return () if lineage.adapter is None else (_ADAPTER,)


def _half_weights(parameters: dict[str, Any]) -> tuple[str, ...]:
    is_half = parameters.get("trainer", {}).get("precision") in HALF_WEIGHTS
    return (_HALF,) if is_half else ()


def _task_of_transformers(parameters: dict[str, Any], encoder: Encoder) -> str | None:
    """Return the Hub's task of a student that transformers opens; None for others."""
    return task_of(encoder) if library_of(parameters) == TRANSFORMERS else None


def how_to_load(
    formats: Sequence[str], parameters: dict[str, Any], encoder: Encoder, lineage: Lineage
) -> str:
    """Return how the student is loaded: by transformers, where it can, and by Stillroom.

    Args:
        formats: a sentence about each export format.
        parameters: the composed parameters.
        encoder: the encoder of the student's inputs.
        lineage: the student's ancestors; they tell whether it has an adapter.
    """
    text = " ".join((_ENCODER, *formats, *_adapter(lineage), *_half_weights(parameters)))
    paragraphs = [fill(text, LINE, break_long_words=False, break_on_hyphens=False), _LOADING]
    task = _task_of_transformers(parameters, encoder)
    if task in _AUTO:
        model, inputs = _AUTO[task]
        paragraphs = [_OF_TRANSFORMERS.format(model=model, inputs=inputs), "Or:", *paragraphs]
    return "\n\n".join(paragraphs)
