"""Model card: metrics, parameters and lineage in, the README.md of a Hugging Face directory out.

The front matter is what the Hub reads; the text says whose child the model is.
"""

import json
from typing import Any

from stillroom.reporting.facts import facts
from stillroom.reporting.measures import MODELS, quality_measures
from stillroom.reporting.names import printable, title
from stillroom.reporting.verdict import ONE_SEED, quality_in_words

PIPELINE_TAGS = {
    "image": "image-classification",
    "text": "text-classification",
    "features": "tabular-classification",
}

Numbers = dict[str, dict[str, int | float]]


def model_card(
    metrics: Numbers,
    parameters: dict[str, Any],
    soft_labels_summary: dict[str, str | int | float],
    encoder: dict[str, Any],
) -> str:
    """Return the card as Markdown with a YAML front matter.

    Args:
        metrics: per model its measures, and `gain`, as in metrics.json.
        parameters: the composed parameters.
        soft_labels_summary: the set's fingerprint, the teachers' hashes and what else it tells.
        encoder: the encoder's JSON document: its kind of input, and the classes in their order.
    """
    kind, classes = encoder["kind"], encoder["classes"]
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
        f"{len(classes)} logits, in this order: {', '.join(_code(name) for name in classes)}.",
        "## How it was made",
        _lines({key: parameters[key] for key in ("student", "objective")}),
        "Made with Stillroom.",
    )
    return "\n\n".join(parts) + "\n"


_LOADING = """\
`preprocessor_config.json` says how an input becomes numbers; `model.onnx` is the same model for
ONNX Runtime.

```python
from stillroom.data.encoders import Encoder
from stillroom.models.directory import load_model, read_encoder

encoder = Encoder.from_json(read_encoder(path))
model = load_model(path)  # safetensors; no pickle, no remote code
```"""


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
