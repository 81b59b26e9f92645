"""Soft-label collator: joins by key, and refuses rows that do not belong to the set."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.models.small_language_models import small_model
from support.softlabels.linear_teachers import Captured, capture, capture_inputs
from support.training.other_trainers import CapturedCorpus, captured_corpus

from stillroom.errors import ModelError, SoftLabelError
from stillroom.softlabels import SoftLabelCollator, SoftLabelLoss, training_rows
from stillroom.softlabels import open as open_set


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> CapturedCorpus:
    return captured_corpus(tmp_path_factory.mktemp("made"))


def rows_of(made: CapturedCorpus) -> list[dict[str, Any]]:
    return list(training_rows(made.folder, made.opened))


def test_rows_are_padded_and_each_answer_predicts_the_next_token(made: CapturedCorpus) -> None:
    first, second = rows_of(made)[:2]
    first = first | {name: first[name][:] for name in ("input_ids", "labels")}
    batch = SoftLabelCollator(made.opened, made.student())([first, second])
    tokens, targets = batch["input_ids"], batch["labels"]
    size = len(first["input_ids"])
    assert tokens[0, :size].tolist() == first["input_ids"]
    follows = tokens.flatten()[targets["answers"] + 1]
    assert torch.equal(follows, targets["hard"])
    learnt = sum(label != -100 for row in (first, second) for label in row["labels"])
    assert len(targets["answers"]) == learnt == int(targets[..., 1:].ne(-100).sum())
    # The pieces of a row start at position 0 each.
    assert batch["position_ids"][0, :size].tolist() == first["position_ids"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row | {"example_id": bytes(16)}, "has no soft label in this set"),
        (lambda row: row | {"draw": 2}, "draw 2 has no soft label"),
        (lambda row: row | {"view": 1}, "view 1, draw 0 has no soft label"),
        (lambda row: row | {"labels": [-100, *row["labels"][1:-1], -100]}, "truncates rows"),
        (lambda row: {name: row[name] for name in ("input_ids", "labels")}, "no example_id"),
    ],
)
def test_a_row_of_another_set_is_refused(made: CapturedCorpus, change: Any, message: str) -> None:
    rows = rows_of(made)
    collator = SoftLabelCollator(made.opened, made.student())
    with pytest.raises(SoftLabelError, match=message):
        collator([rows[0], change(rows[1])])


def test_a_model_that_mixes_pieces_is_refused(made: CapturedCorpus) -> None:
    from transformers import BloomConfig, BloomForCausalLM

    config = BloomConfig(vocab_size=made.opened.classes, hidden_size=16, n_layer=1, n_head=2)
    collator = SoftLabelCollator(made.opened, BloomForCausalLM(config))
    packed = [row for row in rows_of(made) if row["position_ids"].count(0) > 1]
    single = [row for row in rows_of(made) if row["position_ids"].count(0) == 1]
    assert packed
    assert "position_ids" not in collator(single[:2])
    with pytest.raises(ModelError, match="does not keep the pieces of a sequence apart"):
        collator(packed[:1])


def test_a_model_of_another_task_or_vocabulary_is_refused(made: CapturedCorpus) -> None:
    with pytest.raises(ValueError, match="60 outputs, but the soft labels have 300"):
        SoftLabelCollator(made.opened, small_model("llama"))
    from transformers import BertConfig, BertForMaskedLM

    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    encoder = BertForMaskedLM(BertConfig(vocab_size=300, intermediate_size=16, **sizes))
    with pytest.raises(ModelError, match="is no causal language model"):
        SoftLabelCollator(made.opened, encoder)


@pytest.fixture
def classes(tmp_path: Path) -> Captured:
    return capture(tmp_path / "set", members=1, inputs=capture_inputs(40))


def classifier() -> Any:
    from transformers import ViTConfig, ViTForImageClassification

    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = ViTConfig(image_size=4, patch_size=2, intermediate_size=8, num_labels=4, **sizes)
    return ViTForImageClassification(config).eval()


def images(captured: Captured, count: int) -> list[dict[str, Any]]:
    """Return rows with made-up images; an unlabelled one has the label -100."""
    pixels = np.random.default_rng(0).standard_normal((count, 3, 4, 4), dtype=np.float32)
    labels = np.where(captured.capture_inputs.labels < 0, -100, captured.capture_inputs.labels)
    return [
        {"example_id": key, "pixel_values": image, "labels": int(label)}
        for key, image, label in zip(
            captured.capture_inputs.example_ids[:count], pixels, labels[:count], strict=True
        )
    ]


def test_classes_learn_from_all_rows_and_hard_labels_of_some(classes: Captured) -> None:
    from transformers import default_data_collator

    model, labels = classifier(), open_set(classes.folder)
    rows = images(classes, 12)
    collator = SoftLabelCollator(labels, model, temperature=4.0, base=default_data_collator)
    loss = SoftLabelLoss(labels, temperature=4.0, hard_weight=0.1)
    batch = collator(rows)
    targets = batch.pop("labels")
    with torch.no_grad():
        outputs = model(**batch)
        value = loss(outputs, targets, num_items_in_batch=12)
    z, p = outputs.logits.double(), torch.from_numpy(classes.dense(0)[:12]) / 4
    soft = (p.softmax(1) * (p.log_softmax(1) - (z / 4).log_softmax(1))).sum(1).mean() * 16
    known = torch.tensor([row["labels"] for row in rows])
    hard = torch.nn.functional.cross_entropy(z, known, ignore_index=-100)
    assert (known == -100).any()
    assert value.item() == pytest.approx((0.1 * hard + 0.9 * soft).item(), abs=1e-5)
    with pytest.raises(ValueError, match="have no hard label"):
        loss(outputs, targets, num_items_in_batch=24)
    half = SoftLabelLoss(labels, temperature=4.0, hard_weight=0.0)
    assert 2 * half(outputs, targets, 24).item() == pytest.approx(half(outputs, targets).item())
