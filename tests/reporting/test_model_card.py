from typing import Any

import pytest
import yaml

from stillroom.errors import DataError
from stillroom.reporting.model_card import PIPELINE_TAGS, model_card
from stillroom.reporting.page import Evidence

COLUMNS: dict[str, dict[str, Any]] = {
    "image": {"image": "pixels", "text": None, "features": []},
    "text": {"image": None, "text": "sentence", "features": []},
    "features": {"image": None, "text": None, "features": ["age", "height"]},
}


def card(evidence: Evidence, columns: dict[str, Any]) -> str:
    parameters = evidence.parameters | {"data": {"source": "table", "columns": columns}}
    return model_card(evidence.metrics, parameters, evidence.soft_labels, evidence.classes)


@pytest.mark.parametrize("kind", PIPELINE_TAGS)
def test_the_front_matter_is_what_the_hub_reads(kind: str, evidence: Evidence) -> None:
    front = yaml.safe_load(card(evidence, COLUMNS[kind]).split("---\n")[1])
    assert front["library_name"] == "transformers"
    assert "knowledge-distillation" in front["tags"]
    assert front["pipeline_tag"] == PIPELINE_TAGS[kind]
    results = front["model-index"][0]["results"][0]
    values = {metric["type"]: metric["value"] for metric in results["metrics"]}
    assert values["accuracy"] == evidence.metrics["student"]["accuracy"]


def test_the_hub_library_reads_it_too(evidence: Evidence) -> None:
    from huggingface_hub import ModelCard

    data = ModelCard(card(evidence, COLUMNS["image"])).data
    assert data.pipeline_tag == "image-classification"
    assert data.eval_results[0].metric_type == "accuracy"


def test_the_card_names_its_parents(evidence: Evidence) -> None:
    text = card(evidence, COLUMNS["image"])
    assert str(evidence.soft_labels["fingerprint"]) in text
    assert str(evidence.soft_labels["teachers"]) in text


def test_hostile_names_stay_inside_their_code_spans(hostile_evidence: Evidence) -> None:
    text = card(hostile_evidence, COLUMNS["text"])
    assert "`<script>alert(1)</script>`" in text
    assert "\x00" not in text
    outside = "".join(text.split("`")[::2])
    assert "<script" not in outside
    assert "onerror" not in outside


def test_a_backtick_does_not_end_the_span(evidence: Evidence) -> None:
    names = ["`<b>`", "b"]
    text = model_card(evidence.metrics, evidence.parameters, evidence.soft_labels, names)
    assert "`'<b>'`" in text


def test_the_digits_are_images_whatever_the_columns_say(evidence: Evidence) -> None:
    text = model_card(evidence.metrics, evidence.parameters, evidence.soft_labels, evidence.classes)
    assert evidence.parameters["data"]["source"] == "digits"
    assert "pipeline_tag: image-classification" in text


@pytest.mark.parametrize(
    "columns",
    [
        {"image": None, "text": None, "features": []},
        {"image": "pixels", "text": "sentence", "features": []},
    ],
)
def test_a_table_of_no_one_kind_is_refused(columns: dict[str, Any], evidence: Evidence) -> None:
    with pytest.raises(DataError, match="set exactly one of image, text, features"):
        card(evidence, columns)
