"""Model card: metrics, parameters and lineage in, the README.md of a Hugging Face directory out.

The front matter is what the Hub reads; the text says whose child the model is.
"""

import json
from typing import Any

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.reporting.facts import facts
from stillroom.reporting.measures import MODELS, quality_measures
from stillroom.reporting.names import printable, title
from stillroom.reporting.verdict import ONE_SEED, quality_in_words

PIPELINE_TAGS = {
    "image": "image-classification",
    "text": "text-classification",
    "tokens": "text-classification",
    "features": "tabular-classification",
    "next_token": "text-generation",
    "masked_token": "fill-mask",
}

Numbers = dict[str, dict[str, int | float]]


def model_card(
    metrics: Numbers,
    parameters: dict[str, Any],
    soft_labels_summary: dict[str, str | int | float],
    encoder: Encoder,
) -> str:
    """Return the card as Markdown with a YAML front matter.

    Args:
        metrics: per model its measures, and `gain`, as in metrics.json.
        parameters: the composed parameters.
        soft_labels_summary: the set's fingerprint, the teachers' hashes and what else it tells.
        encoder: of its inputs; knows the classes in their order.
    """
    kind = encoder.task if isinstance(encoder, SequenceEncoder) else encoder.kind
    parts = (
        _front_matter(metrics, kind),
        "# Distilled student",
        f"{quality_in_words(metrics)} ({ONE_SEED[0].upper()}{ONE_SEED[1:]}.)",
        _quality(metrics),
        "## Whose child it is",
        "It learned from soft labels, not from a teacher at hand. They, and with them the teacher, "
        "are known by these hashes:",
        _lines(soft_labels_summary),
        "## How to load it",
        _LOADING,
        "## Outputs",
        _outputs(encoder),
        "## How it was made",
        _lines({key: parameters[key] for key in ("student", "objective")}),
        "Made with Stillroom.",
    )
    return "\n\n".join(parts) + "\n"


_LOADING = """\
`preprocessor_config.json` says how an input becomes numbers; `model.onnx` is the same model for
ONNX Runtime.

```python
from stillroom.models.directory import load_model, read_encoder

encoder = read_encoder(path)
model = load_model(path)  # safetensors; no pickle, no remote code
```"""


def _outputs(encoder: Encoder) -> str:
    if isinstance(encoder, SequenceEncoder):
        return f"{encoder.outputs:,} logits at each position, one for each token of the tokenizer."
    names = ", ".join(_code(name) for name in encoder.classes)
    return f"{len(encoder.classes)} logits, in this order: {names}."


def _front_matter(metrics: Numbers, kind: str) -> str:
    student = metrics["student"]
    lines = [
        "---",
        "library_name: transformers",
        f"pipeline_tag: {PIPELINE_TAGS[kind]}",
        "tags:",
        "- knowledge-distillation",
        "- stillroom",
        "metrics:",
        "- accuracy",
        "model-index:",
        "- name: student",
        "  results:",
        "  - task:",
        f"      type: {PIPELINE_TAGS[kind]}",
        "    dataset:",
        "      name: test split",
        "      type: custom",
        "    metrics:",
        "    - type: accuracy",
        f"      value: {json.dumps(student['accuracy'])}",
        "    - type: nll",
        f"      value: {json.dumps(student['nll'])}",
        "---",
    ]
    return "\n".join(lines)


def _quality(metrics: Numbers) -> str:
    head = ["| test split | " + " | ".join(title(model) for model in MODELS) + " |"]
    head.append("|---|" + "---:|" * len(MODELS))
    rows = [
        f"| {measure.name}, {measure.meaning} | " + " | ".join(measure.texts) + " |"
        for measure in quality_measures(metrics)
    ]
    return "\n".join(head + rows)


def _lines(document: dict[str, Any]) -> str:
    return "\n".join(f"- {_code(what)}: {_code(value)}" for what, value in facts(document))


def _code(text: str) -> str:
    # Inside a code span neither HTML nor Markdown means anything; only a backtick could end it.
    plain = printable(text).replace("`", "'")
    return f"`{plain}`"
