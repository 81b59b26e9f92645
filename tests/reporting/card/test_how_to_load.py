"""How a student is loaded: the classes of its task, its adapter, and the type of its weights."""

from typing import Any

import pytest
from support.examples.corpus_examples import sentences
from support.examples.image_examples import image_encoder
from support.licences_and_lineage import a_lineage

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.models.adapters.adapter_folder import AdapterSummary
from stillroom.models.shape import Shape
from stillroom.reporting.card.how_to_load import how_to_load

IMAGES = image_encoder(Shape((1, 8, 8), ("a", "b")))


def words(
    encoder: Encoder = IMAGES,
    name: str = "transformer",
    adapter: AdapterSummary | None = None,
    **parameters: Any,
) -> str:
    sections = {"student": {"architecture": {"name": name}}} | parameters
    lineage = a_lineage(adapter=adapter)
    return " ".join(how_to_load(["A format."], sections, encoder, lineage).split())


def test_transformers_opens_its_own_architectures() -> None:
    tokens = SequenceEncoder(
        tokenizer=train_tokenizer(sentences(40), 300), task="next_token", length=8
    )
    assert "model = AutoModelForCausalLM.from_pretrained(path)" in words(tokens)
    assert "inputs = AutoImageProcessor.from_pretrained(path)" in words()
    own = words(name="mlp")
    assert "AutoModel" not in own
    assert "model = load_model(path)" in own
    assert "A format." in own


@pytest.mark.parametrize(
    ("precision", "is_half"), [("float32", False), ("bf16", False), ("bf16_master", True)]
)
def test_weights_that_are_stored_in_bf16_are_named(precision: str, is_half: bool) -> None:
    said = words(trainer={"precision": precision})
    assert ("The weights are stored in bf16, as they were trained;" in said) == is_half


def test_the_folder_of_an_adapter_is_explained() -> None:
    adapter = AdapterSummary(rank=8, alpha=16, targets=("q",), trained=300, parameters=40_000)
    assert "`adapter/` holds the adapter" in words(adapter=adapter)
    assert "`adapter/`" not in words()
