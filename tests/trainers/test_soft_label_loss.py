"""Soft-label loss: the project's own loss on the same rows, from logits and from the model."""

import subprocess
import sys
from typing import Any

import pytest
import torch
from support.training.other_trainers import (
    HARD_WEIGHT,
    CapturedCorpus,
    captured_corpus,
    gradients,
)

from stillroom.softlabels import SoftLabelCollator, SoftLabelLoss, training_rows

ROWS = [0, 5, 2, 9, 7, 1]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> CapturedCorpus:
    return captured_corpus(tmp_path_factory.mktemp("made"))


def batch_of(made: CapturedCorpus, model: Any, rows: list[int], draw: int = 0) -> dict[str, Any]:
    every = list(training_rows(made.folder, made.opened, draw=draw))
    return SoftLabelCollator(made.opened, model)([every[row] for row in rows])


def from_logits(model: Any, batch: dict[str, Any], loss: SoftLabelLoss) -> torch.Tensor:
    rest = {name: value for name, value in batch.items() if name != "labels"}
    return loss(model(**rest), batch["labels"])


@pytest.mark.parametrize("draw", [0, 1])
@pytest.mark.parametrize("path", ["logits", "model"])
def test_loss_and_gradients_are_those_of_the_project(
    made: CapturedCorpus, path: str, draw: int
) -> None:
    model, same = made.student().eval(), made.student().eval()
    loss = SoftLabelLoss(made.opened, hard_weight=HARD_WEIGHT)
    batch = batch_of(made, model, ROWS, draw)
    value = from_logits(model, batch, loss) if path == "logits" else loss.of_model(model, batch)
    expected = made.own_loss(same, ROWS, draw)
    assert value.item() == pytest.approx(expected.item(), abs=1e-5)
    value.backward()
    expected.backward()
    torch.testing.assert_close(gradients(model), gradients(same), rtol=1e-4, atol=1e-6)


def test_two_draws_differ(made: CapturedCorpus) -> None:
    model, loss = made.student().eval(), SoftLabelLoss(made.opened)
    first, second = (loss.of_model(model, batch_of(made, model, ROWS, draw)) for draw in (0, 1))
    assert first.item() != second.item()


@pytest.mark.parametrize("kind", ["capped", "adapted"])
def test_logits_that_are_not_the_output_layers_alone_are_not_fused(
    made: CapturedCorpus, kind: str
) -> None:
    model = capped(made) if kind == "capped" else adapted(made)
    loss, batch = SoftLabelLoss(made.opened), batch_of(made, model, ROWS)
    plain = from_logits(model, batch, loss)
    assert loss.of_model(model, batch).item() == pytest.approx(plain.item(), abs=1e-6)


def capped(made: CapturedCorpus) -> Any:
    from transformers import Gemma2Config, Gemma2ForCausalLM

    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "head_dim": 8}
    config = Gemma2Config(
        vocab_size=made.opened.classes,
        num_key_value_heads=1,
        intermediate_size=16,
        final_logit_softcapping=0.05,
        **sizes,
    )
    return Gemma2ForCausalLM(config).eval()


def adapted(made: CapturedCorpus) -> Any:
    peft = pytest.importorskip("peft", reason="peft is an extra")
    config = peft.LoraConfig(target_modules=["lm_head"], init_lora_weights=False)
    return peft.get_peft_model(made.student(tie_word_embeddings=False), config).eval()


def test_processes_share_the_items_of_the_whole_batch(made: CapturedCorpus) -> None:
    model = made.student().eval()
    loss, batch = SoftLabelLoss(made.opened), batch_of(made, model, ROWS)
    answers = len(batch["labels"]["answers"])
    alone = loss.of_model(model, batch)
    of_two = loss.of_model(model, batch, 2 * answers, processes=2)
    assert of_two.item() == pytest.approx(alone.item())
    evaluated = loss.of_model(model, batch, processes=2)  # TRL counts no items when it evaluates
    assert evaluated.item() == pytest.approx(alone.item())


def test_labels_of_another_collator_are_refused(made: CapturedCorpus) -> None:
    with pytest.raises(TypeError, match="Set data_collator to a SoftLabelCollator"):
        SoftLabelLoss(made.opened)(None, torch.zeros(2, 3))  # type: ignore[arg-type]


def test_it_needs_neither_kedro_nor_hydra_nor_lightning() -> None:
    program = (
        "import sys\n"
        "for name in ('kedro', 'hydra', 'omegaconf', 'dvc', 'lightning'):\n"
        "    sys.modules[name] = None\n"
        "from stillroom.softlabels import SoftLabelCollator, SoftLabelLoss, training_rows\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
