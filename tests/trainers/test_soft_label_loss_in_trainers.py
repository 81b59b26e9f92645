"""Soft-label loss in the real trainers: their step is the project's own, over all micro-batches."""

from pathlib import Path
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

RATE, ROWS = 0.5, [0, 5, 2, 9, 7, 1]
SETTINGS: dict[str, Any] = {
    "max_steps": 1,
    "per_device_train_batch_size": 2,
    "per_device_eval_batch_size": len(ROWS),
    "gradient_accumulation_steps": 3,  # one step over all rows
    "optim": "sgd",
    "learning_rate": RATE,
    "lr_scheduler_type": "constant",
    "max_grad_norm": 0.0,
    "remove_unused_columns": False,
    "logging_steps": 1,
    "save_strategy": "no",
    "report_to": "none",
    "use_cpu": True,
    "disable_tqdm": True,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> CapturedCorpus:
    return captured_corpus(tmp_path_factory.mktemp("made"))


def chosen_rows(made: CapturedCorpus) -> list[dict[str, Any]]:
    every = list(training_rows(made.folder, made.opened))
    return [every[row] for row in ROWS]


def require_own_step(made: CapturedCorpus, trainer: Any) -> None:
    """Train one step; require the loss and the change of each weight that the project computes."""
    same = made.student()
    expected = made.own_loss(same, ROWS)
    expected.backward()
    evaluated = trainer.evaluate(trainer.train_dataset)["eval_loss"]
    assert evaluated == pytest.approx(expected.item(), abs=1e-5)
    before = [one.detach().clone() for one in trainer.model.parameters()]
    trainer.train()
    (trained,) = [one["loss"] for one in trainer.state.log_history if "loss" in one]
    assert trained == pytest.approx(expected.item(), abs=1e-5)
    steps = [
        (old - new.detach()) / RATE
        for old, new in zip(before, trainer.model.parameters(), strict=True)
    ]
    torch.testing.assert_close(steps, gradients(same), rtol=1e-3, atol=1e-5)


def test_a_step_of_transformers_trainer(made: CapturedCorpus, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    model = made.student()
    trainer = transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(output_dir=str(tmp_path), **SETTINGS),
        train_dataset=chosen_rows(made),
        data_collator=SoftLabelCollator(made.opened, model),
        compute_loss_func=SoftLabelLoss(made.opened, hard_weight=HARD_WEIGHT),
    )
    require_own_step(made, trainer)


def test_loading_processes_make_the_same_step(made: CapturedCorpus, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    model = made.student()
    settings = SETTINGS | {"dataloader_num_workers": 1}
    trainer = transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(output_dir=str(tmp_path), **settings),
        train_dataset=chosen_rows(made),
        data_collator=SoftLabelCollator(made.opened, model),
        compute_loss_func=SoftLabelLoss(made.opened, hard_weight=HARD_WEIGHT),
    )
    require_own_step(made, trainer)


def test_a_step_of_sft_trainer(made: CapturedCorpus, tmp_path: Path) -> None:
    trl = pytest.importorskip("trl", reason="trl is in the extra `trainers`")
    datasets = pytest.importorskip("datasets", reason="datasets comes with trl")
    transformers = pytest.importorskip("transformers")
    loss = SoftLabelLoss(made.opened, hard_weight=HARD_WEIGHT)

    class Fused(trl.SFTTrainer):  # type: ignore[misc]
        def compute_loss(
            self,
            model: Any,
            inputs: Any,
            return_outputs: bool = False,
            num_items_in_batch: Any = None,
        ) -> Any:
            return loss.of_model(model, inputs, num_items_in_batch)

    model = made.student()
    settings = SETTINGS | {"bf16": False, "dataset_kwargs": {"skip_prepare_dataset": True}}
    trainer = Fused(
        model=model,
        args=trl.SFTConfig(output_dir=str(tmp_path), **settings),
        train_dataset=datasets.Dataset.from_list(chosen_rows(made)),
        data_collator=SoftLabelCollator(made.opened, model),
        processing_class=transformers.AutoTokenizer.from_pretrained(made.corpus.encoder),
    )
    require_own_step(made, trainer)
