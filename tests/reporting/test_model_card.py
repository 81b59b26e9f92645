"""The card: front matter that the Hub reads, parents by hash, nothing hostile outside a span."""

from dataclasses import replace

import pytest
import yaml
from small_project import image_encoder

from stillroom.models.table import Shape
from stillroom.reporting.model_card import PIPELINE_TAGS, model_card
from stillroom.reporting.page import Evidence


def card(evidence: Evidence, kind: str = "image", classes: list[str] | None = None) -> str:
    shape = Shape((1, 8, 8), tuple(classes or evidence.classes))
    encoder = replace(image_encoder(shape), kind=kind)
    return model_card(evidence.metrics, evidence.parameters, evidence.soft_labels, encoder)


@pytest.mark.parametrize("kind", PIPELINE_TAGS)
def test_the_front_matter_is_what_the_hub_reads(kind: str, evidence: Evidence) -> None:
    front = yaml.safe_load(card(evidence, kind).split("---\n")[1])
    assert front["library_name"] == "transformers"
    assert "knowledge-distillation" in front["tags"]
    assert front["pipeline_tag"] == PIPELINE_TAGS[kind]
    results = front["model-index"][0]["results"][0]
    values = {metric["type"]: metric["value"] for metric in results["metrics"]}
    assert values["accuracy"] == evidence.metrics["student"]["accuracy"]


def test_the_hub_library_reads_it_too(evidence: Evidence) -> None:
    from huggingface_hub import ModelCard

    data = ModelCard(card(evidence)).data
    assert data.pipeline_tag == "image-classification"
    assert data.eval_results[0].metric_type == "accuracy"


def test_the_card_names_its_parents(evidence: Evidence) -> None:
    text = card(evidence)
    assert str(evidence.soft_labels["fingerprint"]) in text
    assert str(evidence.soft_labels["teachers"]) in text


def test_hostile_names_stay_inside_their_code_spans(hostile_evidence: Evidence) -> None:
    text = card(hostile_evidence, "text")
    assert "`<script>alert(1)</script>`" in text
    assert "\x00" not in text
    outside = "".join(text.split("`")[::2])
    assert "<script" not in outside
    assert "onerror" not in outside


def test_a_backtick_does_not_end_the_span(evidence: Evidence) -> None:
    text = card(evidence, classes=["`<b>`", "b"])
    assert "`'<b>'`" in text
