"""Metadata: read by the Hub's own library, and allowed by the Hub's documents.

`ModelCard.validate` needs the Hub itself. Here, the Hub's documents stand in for that check.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard, ModelCardData
from huggingface_hub.repocard import metadata_load
from huggingface_hub.repocard_data import eval_results_to_model_index, model_index_to_eval_results
from huggingface_hub.utils import validate_repo_id
from support.examples.image_examples import image_encoder
from support.licences_and_lineage import a_lineage, an_ancestor, given_licence

from stillroom.data.encoders import ArrayEncoder
from stillroom.models.shape import Shape
from stillroom.reporting.card.card_metadata import PIPELINE_TAGS, metadata
from stillroom.reporting.provenance.lineage import Beginning, Lineage
from stillroom.reporting.provenance.student_licence import StudentLicence
from stillroom.teachers.licences.licence_index import LICENCES, WITHOUT_HUB_IDENTIFIER

MEASURES = {"accuracy": 0.934, "nll": 0.217, "ece": 0.02, "agreement": 0.95, "kl_to_teacher": 0.1}
FREE = StudentLicence("other", "not-chosen", None, "")
PARAMETERS: dict[str, Any] = {"student": {"architecture": {"name": "mlp"}}, "data": {"path": "x"}}
# https://huggingface.co/docs/hub/repositories-licenses and …/model-cards, as of 2026-11.
HUB_LICENCES = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m openrail++ bigcode-openrail-m
bigscience-bloom-rail-1.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear cc0-1.0
cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0
cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0
cc-by-nc-sa-4.0 wtfpl ecl-2.0 agpl-3.0 gpl-2.0 gpl-3.0 lgpl-3.0 isc mpl-2.0 postgresql ncsa
unlicense zlib openmdw-1.0 llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 gemma grok2-community
"""
HUB_TASKS = {
    "image-classification", "text-classification", "tabular-classification", "text-generation",
    "fill-mask",
}  # fmt: skip
RELATIONS = {"adapter", "finetune", "merge", "quantized"}


def encoder(kind: str = "image") -> ArrayEncoder:
    return replace(image_encoder(Shape((1, 2, 2), ("a", "b"))), kind=kind)


def front(
    lineage: Lineage | None = None,
    own: StudentLicence = FREE,
    student: dict[str, Any] = MEASURES,
    **sections: Any,
) -> dict[str, Any]:
    return metadata(student, PARAMETERS | sections, encoder(), lineage or a_lineage(), own)


def card(fields: dict[str, Any]) -> ModelCard:
    return ModelCard(f"---\n{yaml.safe_dump(fields, sort_keys=False)}---\n\n# A student\n")


def test_the_hubs_library_reads_every_key_and_writes_the_same(tmp_path: Path) -> None:
    lineage = a_lineage(teachers=(an_ancestor(hub_id="me/big"),))
    parameters = {
        "student": {"architecture": {"name": "from_teacher"}},
        "data": {"path": "/c/datasets--PolyAI--banking77/x"},
    }
    own = StudentLicence("gemma", None, None, "")
    fields = metadata(MEASURES, parameters, encoder(), lineage, own)
    read = card(fields)
    assert read.data.to_dict() == fields
    assert (read.data.license, read.data.base_model) == ("gemma", "me/big")
    assert read.data.datasets == ["PolyAI/banking77"]
    read.save(tmp_path / "README.md")
    assert metadata_load(tmp_path / "README.md") == fields


def test_results_go_to_the_hubs_own_objects_and_back() -> None:
    index = front()["model-index"]
    name, results = model_index_to_eval_results(index)
    assert eval_results_to_model_index(name, results) == index
    assert [(one.metric_type, one.metric_value, one.metric_name) for one in results] == [
        ("accuracy", 0.934, "Accuracy"),
        ("nll", 0.217, "NLL, nats"),
    ]
    assert {(one.task_type, one.dataset_split) for one in results} == {
        ("image-classification", "test")
    }
    data = ModelCardData(model_name=name, eval_results=results)  # which checks them again
    assert data.to_dict()["model-index"] == index


def test_a_language_models_perplexity_is_among_its_results() -> None:
    fields = front(student={"accuracy": 0.3, "nll": 4.3, "perplexity": 73.7})
    assert fields["metrics"] == ["accuracy", "perplexity"]
    assert [one["type"] for one in fields["model-index"][0]["results"][0]["metrics"]] == [
        "accuracy", "nll", "perplexity",
    ]  # fmt: skip


def test_licences_and_tasks_are_those_of_the_hubs_documents() -> None:
    assert set(LICENCES) - WITHOUT_HUB_IDENTIFIER <= set(HUB_LICENCES.split())
    assert set(PIPELINE_TAGS.values()) == HUB_TASKS


def test_a_licence_without_an_identifier_has_a_name_and_a_link() -> None:
    fields = front(own=StudentLicence("other", "deepseek", "https://x", ""))
    assert fields["license"] == "other"
    assert (fields["license_name"], fields["license_link"]) == ("deepseek", "https://x")
    assert "license_link" not in front()


@pytest.mark.parametrize(
    ("hub_ids", "architecture", "base", "relation"),
    [
        ([None], "mlp", None, None),
        ([None], "from_teacher", None, None),
        (["me/big"], "mlp", "me/big", None),
        (["me/big"], "from_teacher", "me/big", "finetune"),
        (["me/big", "you/other", "me/big"], "mlp", ["me/big", "you/other"], None),
        ([None, "you/other"], "from_teacher", "you/other", None),
    ],
)
def test_a_base_model_is_named_where_it_is_known_and_a_relation_where_there_is_one(
    hub_ids: list[str | None], architecture: str, base: object, relation: str | None
) -> None:
    teachers = tuple(an_ancestor(hub_id=one) for one in hub_ids)
    lineage = a_lineage(teachers=teachers)
    parameters = {"student": {"architecture": {"name": architecture}}}
    fields = metadata(MEASURES, parameters, encoder(), lineage, FREE)
    assert fields.get("base_model") == base
    assert fields.get("base_model_relation") == relation
    assert relation is None or relation in RELATIONS
    for name in [base] if isinstance(base, str) else base or []:  # type: ignore[attr-defined]
        validate_repo_id(name)


def test_a_folder_is_no_name_of_a_data_set() -> None:
    for path in ("data/01_raw", "/home/me/banking77", "PolyAI/banking77"):
        assert "datasets" not in front(data={"path": path})


def test_a_start_is_the_first_base_model_and_the_student_its_finetune() -> None:
    (licence,) = given_licence(hub_id="me/small").teachers
    start = Beginning(weights="f" * 64, licence=licence)
    lineage = a_lineage(teachers=(an_ancestor(hub_id="me/big"),), start=start)
    parameters = {"student": {"architecture": {"name": "pretrained"}}}
    fields = metadata(MEASURES, parameters, encoder(), lineage, FREE)
    assert fields["base_model"] == ["me/small", "me/big"]
    assert fields["base_model_relation"] == "finetune"
    assert fields["library_name"] == "transformers"
