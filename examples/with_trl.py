"""A student learns from stored soft labels in TRL's SFTTrainer.

It needs `pip install '.[project,trainers]'`. Stillroom runs the teacher once, and keeps what it
answers:

    kedro run --pipelines=ingest,teachers,capture --params groups.experiment=chat
    python examples/with_trl.py data models/small trained

The rows are encoded already, so TRL's own preparation, packing and truncation stay off. The loss
takes the model, and so never holds the logits of a batch.
"""

import sys
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

from stillroom import softlabels


class SoftLabelTrainer(SFTTrainer):
    """SFTTrainer with the loss of Stillroom."""

    soft_label_loss: softlabels.SoftLabelLoss

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the loss of a micro-batch."""
        processes = self.accelerator.num_processes
        return self.soft_label_loss.of_model(model, inputs, num_items_in_batch, processes)


def main(data: str, student: str, out: str, *, epochs: float = 1) -> SFTTrainer:
    """Train the model in the folder `student`, and save it in `out`."""
    labels = softlabels.open(f"{data}/04_soft_labels")
    model = AutoModelForCausalLM.from_pretrained(student)
    rows = list(softlabels.training_rows(f"{data}/02_examples", labels))
    settings = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 2}
    settings |= {"dataset_kwargs": {"skip_prepare_dataset": True}, "remove_unused_columns": False}
    settings |= {"learning_rate": 1e-3, "report_to": "none", "save_strategy": "no"}
    settings |= {"bf16": torch.cuda.is_available()}
    trainer = SoftLabelTrainer(
        model=model,
        args=SFTConfig(output_dir=out, num_train_epochs=epochs, logging_steps=1, **settings),
        train_dataset=Dataset.from_list(rows),
        data_collator=softlabels.SoftLabelCollator(labels, model),
        processing_class=AutoTokenizer.from_pretrained(f"{data}/02_examples/encoder"),
    )
    trainer.soft_label_loss = softlabels.SoftLabelLoss(labels, hard_weight=0.3)
    trainer.train()
    trainer.save_model(out)
    return trainer


if __name__ == "__main__":
    main(*sys.argv[1:4])
