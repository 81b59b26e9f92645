"""The card: front matter that the Hub reads, parents by hash, hostile text only in code spans."""

from dataclasses import replace
from typing import Any

import pytest
import yaml
from support.evaluation.planted_answers import planted_answers
from support.examples.corpus_examples import sentences
from support.examples.image_examples import image_encoder
from support.licences_and_lineage import a_lineage, an_ancestor, given_licence, own_licence
from support.report_documents import Documents

from stillroom.data.encoders import SequenceEncoder, read_encoder
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.evaluation.statistics.evidence import Evidence, evidence
from stillroom.models.adapters.adapter_folder import AdapterSummary
from stillroom.models.shape import Shape
from stillroom.reporting.card.card_metadata import PIPELINE_TAGS
from stillroom.reporting.card.model_card import _outputs, model_card
from stillroom.reporting.provenance.lineage import Lineage
from stillroom.softlabels.reading.set_summary import summary
from stillroom.teachers.licences.licence_document import Licence


def card(
    documents: Documents,
    kind: str = "image",
    classes: list[str] | None = None,
    licence: Licence | None = None,
    lineage: Lineage | None = None,
    **sections: Any,
) -> str:
    shape = Shape((1, 8, 8), tuple(classes or read_encoder(documents["encoder"]).classes))
    encoder = replace(image_encoder(shape), kind=kind)
    return model_card(
        documents["metrics"],
        Evidence.from_json(documents["statistics"]),
        documents["parameters"] | sections,
        summary(documents["soft_labels"]),
        encoder,
        licence or own_licence(1),
        lineage or a_lineage(),
        ["`model.onnx` is the same model for ONNX Runtime."],
    )


@pytest.mark.parametrize("kind", PIPELINE_TAGS)
def test_the_front_matter_is_what_the_hub_reads(kind: str, documents: Documents) -> None:
    front = yaml.safe_load(card(documents, kind).split("---\n")[1])
    assert front["library_name"] == "stillroom"  # transformers does not know perceptrons
    assert "knowledge-distillation" in front["tags"]
    assert front["pipeline_tag"] == PIPELINE_TAGS[kind]
    results = front["model-index"][0]["results"][0]
    values = {metric["type"]: metric["value"] for metric in results["metrics"]}
    assert (
        values["accuracy"]
        == Evidence.from_json(documents["statistics"]).accuracy.of_seeds["student"][0]
    )


def test_the_hubs_metrics_are_those_of_the_exported_model_not_of_all_seeds(
    documents: Documents,
) -> None:
    several = evidence(planted_answers(seeds=3).arm_scores())
    text = card(documents | {"statistics": several.to_json()})
    front = yaml.safe_load(text.split("---\n")[1])
    values = {m["type"]: m["value"] for m in front["model-index"][0]["results"][0]["metrics"]}
    first, *others = several.accuracy.of_seeds["student"]
    assert first not in others
    assert values["accuracy"] == pytest.approx(first, abs=1e-6)
    assert "| test split, means over 3 seeds; the first ships |" in text
    assert "means over" not in card(documents)


@pytest.mark.parametrize(
    ("architecture", "library"),
    [("transformer", "transformers"), ("resnet", "transformers"), ("mlp", "stillroom")],
)
def test_the_library_is_what_opens_the_student(
    architecture: str, library: str, documents: Documents
) -> None:
    text = card(documents, student={"architecture": {"name": architecture}})
    assert yaml.safe_load(text.split("---\n")[1])["library_name"] == library
    opened = "AutoModelForImageClassification.from_pretrained(path)" in text
    assert opened == (library == "transformers")


def test_the_hub_library_reads_it_too(documents: Documents) -> None:
    from huggingface_hub import ModelCard

    data = ModelCard(card(documents)).data
    assert data.pipeline_tag == "image-classification"
    assert data.eval_results[0].metric_type == "accuracy"


def test_the_card_names_its_parents(documents: Documents) -> None:
    text = card(documents)
    manifest = documents["soft_labels"].manifest
    assert manifest.fingerprint in text
    assert ", ".join(manifest.captures[0].teachers) in text


def test_hostile_names_stay_inside_their_code_spans(hostile_documents: Documents) -> None:
    text = card(hostile_documents, "text")
    assert "`<script>alert(1)</script>`" in text
    assert "\x00" not in text
    outside = "".join(text.split("`")[::2])
    assert "<script" not in outside
    assert "onerror" not in outside


def test_a_backtick_does_not_end_the_span(documents: Documents) -> None:
    text = card(documents, classes=["`<b>`", "b"])
    assert "`'<b>'`" in text


def test_the_chain_of_ancestors_and_the_command_stand_in_it(documents: Documents) -> None:
    text = card(documents, lineage=a_lineage(command="dvc repro"))
    assert "- `student default`: `weights aaaaaaaaaaaa`" in text
    assert "- `captured from teacher`: `big, weights eeeeeeeeeeee, apache-2.0`" in text
    assert "`dvc repro` makes the student again" in text


def test_an_adapter_is_named_and_its_folder_explained(documents: Documents) -> None:
    adapter = AdapterSummary(rank=8, alpha=16, targets=("q`<b>",), trained=300, parameters=40_000)
    text = card(documents, lineage=a_lineage(adapter=adapter))
    assert "- `trained with adapter`: `LoRA of rank 8 and alpha 16 at q'<b>; 300 of 40,000" in text
    assert "`adapter/` holds the adapter" in text
    assert "`adapter/`" not in card(documents)


def test_a_card_says_how_the_student_was_trained(documents: Documents) -> None:
    assert "trained on stored soft labels" in card(documents)
    live = card(documents, teacher={"mode": "live"})
    assert "trained beside its running teachers" in live
    assert "stored soft labels" not in live


def test_teachers_that_were_trained_here_are_named_once_and_choose_no_licence(
    documents: Documents,
) -> None:
    text = card(documents, licence=own_licence(3))
    assert text.count("no third-party licence") == 1
    front = yaml.safe_load(text.split("---\n")[1])
    assert (front["license"], front["license_name"]) == ("other", "not-chosen")
    assert "the student's owner has not chosen one yet" in text
    assert "must keep these conditions" not in text


def test_a_licence_with_conditions_prints_each(documents: Documents) -> None:
    licence = given_licence(
        identifier="gemma", name="Gemma Terms of Use", verdict="conditions", student="gemma",
        says="they go on", source="section 3.1", conditions=("Give a copy.", "Keep to it."),
    )  # fmt: skip
    text = card(documents, licence=licence)
    assert yaml.safe_load(text.split("---\n")[1])["license"] == "gemma"
    assert (
        "- Teacher `big`: `gemma`, `Gemma Terms of Use` (read from: model card). It allows "
        "training a model on the answers, under conditions: `they go on` (`section 3.1`)."
    ) in text
    assert "- Give a copy.\n- Keep to it." in text


def test_the_reason_of_a_licence_that_forbids_it_is_printed(documents: Documents) -> None:
    licence = given_licence(
        identifier="llama2", verdict="forbidden", acknowledged="the student is a classifier",
        read_from="teacher.licence", card="llama3",
    )  # fmt: skip
    text = card(documents, licence=licence)
    assert "It forbids training a model on the answers" in text
    assert "for this reason: `the student is a classifier`." in text
    assert "Its model card says `llama3`." in text


def test_intervals_stand_in_the_text(documents: Documents) -> None:
    arm = Evidence.from_json(documents["statistics"]).accuracy.arms["student"]
    sentence = f"95% intervals: Accuracy {arm.low:.3f} to {arm.high:.3f}; NLL, nats "
    assert sentence in card(documents)


def test_a_hostile_name_or_reason_stays_inside_its_span_and_out_of_the_front_matter(
    documents: Documents,
) -> None:
    bad = "`<img src=x onerror=alert(1)>\x1b[2J\n---\nlicense: mit"
    licence = given_licence(teacher=bad, verdict="unknown", acknowledged=bad, name=bad, card=bad)
    lineage = a_lineage(name=bad, command=bad, teachers=(an_ancestor(name=bad, licence=bad),))
    text = card(documents, licence=licence, lineage=lineage)
    outside = "".join(text.split("`")[::2])
    assert "onerror" not in outside
    assert "\x1b" not in text
    front = yaml.safe_load(text.split("---\n")[1])
    assert (front["license"], front["license_name"]) == ("other", "not-known")


def test_the_formats_are_named_in_lines_of_at_most_a_hundred_characters(
    documents: Documents,
) -> None:
    assert (
        "\n`preprocessor_config.json` describes how an input becomes numbers. `model.onnx` is the "
        "same model\nfor ONNX Runtime.\n\n```python\n"
    ) in card(documents)


def test_a_hostile_licence_of_a_student_is_no_link_in_the_text(documents: Documents) -> None:
    first = given_licence(verdict="conditions", student="[mit](http://h)<b>", conditions=("Keep.",))
    second = given_licence(verdict="conditions", student="gemma", conditions=("Keep.",))
    text = card(documents, licence=replace(first, teachers=first.teachers + second.teachers))
    assert r"require different ones: \[mit\](http://h)\<b\>, gemma." in text
    assert "](http" not in text.replace(r"\]", "")


def test_the_arguments_of_a_chat_template_are_stated() -> None:
    chat = SequenceEncoder(
        tokenizer=train_tokenizer(sentences(40), 300, "chat"),
        task="next_token",
        length=8,
        chat_template="{{ messages }}{{ mode }}",
        template_arguments={"enable_thinking": False, "mode": "`x`\n# a"},
    )
    text = _outputs(chat)
    assert text == (
        "300 logits at each position, one for each token of the tokenizer. Its conversations were "
        "rendered with arguments of the chat template. Use them again: "
        "`apply_chat_template(messages, enable_thinking=False, mode=''x'\\n# a')`."
    )
    assert "template" not in _outputs(replace(chat, template_arguments={}))
