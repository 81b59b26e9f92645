"""A student learns from stored soft labels in transformers.Trainer.

It needs `pip install '.[project]'`. Stillroom runs the teacher once, and keeps its answers to the
learnt tokens:

    kedro run --pipelines=ingest,teachers,capture --params groups.experiment=chat
    python examples/with_transformers_trainer.py data models/small trained

With `groups.experiment=chat`, add data.path, teacher.path and teacher.licence to name your own
conversations and teacher. models/small is any causal language model with the teacher's tokenizer.
"""

import sys

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

from stillroom import softlabels


def main(data: str, student: str, out: str, *, epochs: float = 1) -> Trainer:
    """Train the model in the folder `student`, and save it in `out`."""
    labels = softlabels.open(f"{data}/04_soft_labels")
    model = AutoModelForCausalLM.from_pretrained(student)
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=out,
            num_train_epochs=epochs,
            per_device_train_batch_size=4,
            gradient_accumulation_steps=2,
            learning_rate=1e-3,
            remove_unused_columns=False,  # the rows are joined by their example_id
            logging_steps=1,
            save_strategy="no",
            report_to="none",
        ),
        train_dataset=list(softlabels.training_rows(f"{data}/02_examples", labels)),
        data_collator=softlabels.SoftLabelCollator(labels, model),
        compute_loss_func=softlabels.SoftLabelLoss(labels, hard_weight=0.3),
    )
    trainer.train()
    trainer.save_model(out)
    return trainer


if __name__ == "__main__":
    main(*sys.argv[1:4])
