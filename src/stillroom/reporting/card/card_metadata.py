"""Card metadata: builds the keys of the card's front matter, which the Hub reads.

    licence ──> license, license_name, license_link       encoder ──> pipeline_tag
    lineage ──> base_model, base_model_relation           metrics ──> metrics, model-index
    data.path ──> datasets

Keys without a reliable value are left out. The name of a folder is never used as the name of a
repository.
"""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from stillroom.config.schema import FROM_TEACHER, PRETRAINED
from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.io.hub_cache import hub_id_of
from stillroom.reporting.provenance.lineage import Lineage
from stillroom.reporting.provenance.student_licence import StudentLicence

PIPELINE_TAGS = {
    "image": "image-classification",
    "text": "text-classification",
    "tokens": "text-classification",
    "features": "tabular-classification",
    "next_token": "text-generation",
    "masked_token": "fill-mask",
}

TRANSFORMERS = "transformers"
HUB_METRICS = ("accuracy", "perplexity")  # those of our measures that hf.co/metrics has
RESULTS = {"accuracy": "Accuracy", "nll": "NLL, nats", "perplexity": "Perplexity"}


def metadata(
    student: Mapping[str, int | float],
    parameters: Mapping[str, Any],
    encoder: Encoder,
    lineage: Lineage,
    own: StudentLicence,
) -> dict[str, Any]:
    """Return the front matter's keys and plain values, in order.

    Args:
        student: the measures of the student.
        parameters: the composed parameters.
        encoder: the encoder of the student's inputs.
        lineage: the student's ancestors.
        own: the student's licence.
    """
    task = task_of(encoder)
    return {
        **_licence(own),
        **_parents(parameters, lineage),
        "library_name": library_of(parameters),
        "pipeline_tag": task,
        "tags": ["knowledge-distillation", "stillroom"],
        **_results(student, task, lineage),
    }


def architecture_of(parameters: Mapping[str, Any]) -> str:
    """Return the name of the student's architecture."""
    return str(parameters["student"].get("architecture", {}).get("name"))


def library_of(parameters: Mapping[str, Any]) -> str:
    """Return the library that loads the student; transformers loads only its own architectures."""
    is_own = architecture_of(parameters) in (FROM_TEACHER, PRETRAINED, "transformer", "resnet")
    return TRANSFORMERS if is_own else "stillroom"


def task_of(encoder: Encoder) -> str:
    """Return the task of the Hub that a student with these inputs has."""
    return PIPELINE_TAGS[encoder.task if isinstance(encoder, SequenceEncoder) else encoder.kind]


def _licence(own: StudentLicence) -> dict[str, str]:
    fields = {"license": own.license, "license_name": own.name, "license_link": own.link}
    return {key: value for key, value in fields.items() if value is not None}


def _parents(parameters: Mapping[str, Any], lineage: Lineage) -> dict[str, str | list[str]]:
    """Return ancestors and data set, where they are on the Hub, and the relation to them."""
    fields: dict[str, str | list[str]] = {}
    start = None if lineage.start is None else lineage.start.licence.hub_id
    named = [start, *(one.hub_id for one in lineage.teachers)]
    parents = list(dict.fromkeys(hub_id for hub_id in named if hub_id))
    if parents:
        fields["base_model"] = parents[0] if len(parents) == 1 else parents
        # The Hub has no relation for a student that was trained only on its teacher's answers.
        is_layers = architecture_of(parameters) == FROM_TEACHER and lineage.teachers[0].hub_id
        if start or is_layers:
            fields["base_model_relation"] = "finetune"
    data = _data_set(parameters)
    return fields | ({"datasets": [data]} if data else {})


def _data_set(parameters: Mapping[str, Any]) -> str | None:
    path = parameters.get("data", {}).get("path")
    return hub_id_of(PurePath(path), "datasets") if path else None


def _results(
    student: Mapping[str, int | float], task: str, lineage: Lineage
) -> dict[str, list[Any]]:
    """Return the measures of the student, as `metrics` and as `model-index`."""
    titles = {name: title for name, title in RESULTS.items() if name in student}
    result = {
        "task": {"type": task},
        "dataset": {"name": f"{lineage.data.kind}, test split", "type": "custom", "split": "test"},
        "metrics": [
            {"type": name, "value": student[name], "name": title} for name, title in titles.items()
        ],
    }
    return {
        "metrics": [name for name in HUB_METRICS if name in student],
        "model-index": [{"name": "student", "results": [result]}],
    }
