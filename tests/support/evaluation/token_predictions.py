"""Predictions of language models over a small corpus: teachers, control and student."""

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import torch
from support.examples.corpus_examples import CorpusOnDisk, small_corpus, token_teachers

from stillroom.assess.predict.predict_tokens import predict_tokens
from stillroom.models.forward.lm_head import label_logits, masked_labels
from stillroom.models.pretrained.model_directory import load_model, save_model
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.teachers.stored_teachers import teacher_refs

TIMES = 10.0


@dataclass(frozen=True)
class Predicted:
    """The predictions of models over a corpus, with their folders.

    The student is slightly trained; the control is the same model with its logits times `TIMES`.
    The teachers are untrained.
    """

    corpus: CorpusOnDisk
    teachers: list[Path]
    students: dict[str, Path]
    frame: pl.DataFrame

    def rows(self, *splits: str) -> pl.DataFrame:
        """Return the examples of some splits."""
        return self.corpus.examples.read().filter(pl.col("split").is_in(splits))

    def predict(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Run the models again."""
        refs = [ref for ref in teacher_refs(self.teachers[0].parent) if ref.path in self.teachers]
        one = Combination.of("probability", [3.0, 1.0])
        return predict_tokens(rows, self.corpus.fitted, refs, one, self.students)

    def log_q(self, rows: pl.DataFrame) -> dict[str, torch.Tensor]:
        """Return each model's log q, [M, V], from one forward pass over all rows."""
        inputs = torch.from_numpy(self.corpus.fitted.encode(rows))
        with torch.no_grad():
            answers = {
                path.name: label_logits(load_model(path), inputs).double().log_softmax(1)
                for path in [*self.teachers, *self.students.values()]
            }
        first, second = (answers.pop(path.name).exp() for path in self.teachers)
        return {"teacher": torch.log(0.75 * first + 0.25 * second), **answers}

    def labels(self, rows: pl.DataFrame) -> torch.Tensor:
        """Return the right tokens, [M]."""
        return masked_labels(torch.from_numpy(self.corpus.fitted.encode(rows)))


def predicted_in(folder: Path) -> Predicted:
    """Write corpus and models into a folder, and run the models."""
    corpus = small_corpus(folder, text={"length": 32})
    models = token_teachers(corpus, folder / "models", members=2)
    students = {name: folder / "students" / name for name in ("control", "student")}
    _learn(corpus, models / "member_0", students)
    unread = Predicted(corpus, [models / "member_0", models / "member_1"], students, pl.DataFrame())
    return replace(unread, frame=unread.predict(unread.rows("validation", "test")))


def _learn(corpus: CorpusOnDisk, begin: Path, students: dict[str, Path]) -> None:
    model = load_model(begin)
    train = corpus.examples.read().filter(pl.col("split") == "train")
    inputs = torch.from_numpy(corpus.fitted.encode(train))
    steps = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(20):
        steps.zero_grad()
        loss = torch.nn.functional.cross_entropy(label_logits(model, inputs), masked_labels(inputs))
        loss.backward()
        steps.step()
    save_model(model, corpus.fitted, students["student"])
    with torch.no_grad():
        for weights in model.transformer.ln_f.parameters():
            weights *= TIMES
    save_model(model, corpus.fitted, students["control"])
