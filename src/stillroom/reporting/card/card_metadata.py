"""Card's metadata: what the Hub reads of a student, as the keys of a front matter.

    licence ──> license, license_name, license_link       encoder ──> pipeline_tag
    lineage ──> base_model, base_model_relation           metrics ──> metrics, model-index
    data.path ──> datasets

Only what is known stands there: no repository's name is guessed from a folder's.
"""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from stillroom.config.schema import FROM_TEACHER
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

HUB_METRICS = ("accuracy", "perplexity")  # of our measures, those that hf.co/metrics has
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
        student: its measures.
        parameters: the composed parameters.
        encoder: of its inputs.
        lineage: its ancestors.
        own: its licence.
    """
    task = PIPELINE_TAGS[encoder.task if isinstance(encoder, SequenceEncoder) else encoder.kind]
    return {
        **_licence(own),
        **_parents(parameters, lineage),
        "library_name": _library(parameters),
        "pipeline_tag": task,
        "tags": ["knowledge-distillation", "stillroom"],
        **_results(student, task, lineage),
    }


def architecture_of(parameters: Mapping[str, Any]) -> str:
    """Return the name of the student's architecture."""
    return str(parameters["student"].get("architecture", {}).get("name"))


def _library(parameters: Mapping[str, Any]) -> str:
    """Return what opens the student: transformers knows its own architectures and no others."""
    known = architecture_of(parameters) in (FROM_TEACHER, "transformer")
    return "transformers" if known else "stillroom"


def _licence(own: StudentLicence) -> dict[str, str]:
    fields = {"license": own.license, "license_name": own.name, "license_link": own.link}
    return {key: value for key, value in fields.items() if value is not None}


def _parents(parameters: Mapping[str, Any], lineage: Lineage) -> dict[str, str | list[str]]:
    """Return what is known by its name on the Hub: teachers, the relation to them, data."""
    fields: dict[str, str | list[str]] = {}
    teachers = list(dict.fromkeys(one.hub_id for one in lineage.teachers if one.hub_id))
    if teachers:
        fields["base_model"] = teachers[0] if len(teachers) == 1 else teachers
        # A student that saw answers alone is none of the relations that the Hub has words for.
        if architecture_of(parameters) == FROM_TEACHER and lineage.teachers[0].hub_id:
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
    known = {name: shown for name, shown in RESULTS.items() if name in student}
    result = {
        "task": {"type": task},
        "dataset": {"name": f"{lineage.data.kind}, test split", "type": "custom", "split": "test"},
        "metrics": [
            {"type": name, "value": student[name], "name": shown} for name, shown in known.items()
        ],
    }
    return {
        "metrics": [name for name in HUB_METRICS if name in student],
        "model-index": [{"name": "student", "results": [result]}],
    }
