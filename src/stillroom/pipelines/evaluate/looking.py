"""Nodes of evaluate that say where to look: slices, similar classes, single examples.

predictions, examples ──slice_tests──> slices
                      ├─know_classes──> dark_knowledge
                      └─part_examples──> parted
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import Evaluate
from stillroom.io.rounding import rounded
from stillroom.io.tables import TableFile

if TYPE_CHECKING:
    import polars as pl

    from stillroom.data.encoders import Encoder
    from stillroom.evaluation.slices.slicing import Slice

MOST_IN_GRID, MOST_PAIRS, MOST_PARTED = 20, 6, 6

Document = dict[str, Any]


def slice_tests(
    predictions: TableFile, examples: TableFile, encoder: Path, evaluate: Evaluate
) -> Document:
    """Return what each slice of the test split says of the student, as `Judged`.

    Args:
        predictions: as `predict` returns them.
        examples: every example.
        encoder: of them.
        evaluate: names slices of one's own.

    Raises:
        ConfigError: a condition of `evaluate.slices` is no expression of the examples' columns.
    """
    from stillroom.data.encoders import SequenceEncoder, read_encoder
    from stillroom.evaluation.answers import Answers
    from stillroom.evaluation.runs import CONTROL, STUDENT, TEACHER
    from stillroom.evaluation.slices.judged import judged
    from stillroom.evaluation.slices.slicing import by_class, by_condition, by_confidence
    from stillroom.pipelines.evaluate.tokens import TokenAnswers

    fitted, frame = read_encoder(encoder), predictions.read()
    test = _tested(frame, examples, fitted)
    slices: list[Slice] = by_condition(test, evaluate.slices)
    if isinstance(fitted, SequenceEncoder):
        marks = TokenAnswers.of_frame(frame).marks()
        scores = {arm: -one.log_likelihood for arm, one in marks.items()}
        found = judged(
            [*slices, *_by_size(test)], scores[TEACHER], scores[CONTROL], scores[STUDENT], "nll"
        )
        return rounded(asdict(found))
    answers = Answers.of_frame(frame, "test")
    right = {arm: one.right for arm, one in answers.marks().items()}
    slices += by_class(answers.labels, fitted.classes)
    slices += by_confidence(answers.first(TEACHER).max(axis=1))
    found = judged(
        [*slices, *_by_size(test)], right[TEACHER], right[CONTROL], right[STUDENT], "accuracy"
    )
    return rounded(asdict(found))


def know_classes(predictions: TableFile, examples: TableFile, encoder: Path) -> Document:
    """Return what the teachers find similar to what, and how much of it the student learnt.

    Of a vocabulary there is none.

    Args:
        predictions, examples, encoder: as of `slice_tests`.
    """
    from stillroom.data.encoders import SequenceEncoder, read_encoder
    from stillroom.evaluation.answers import Answers
    from stillroom.evaluation.dark_knowledge.found import dark_knowledge
    from stillroom.evaluation.runs import CONTROL, STUDENT, TEACHER
    from stillroom.reporting.shown import shown_examples

    fitted, frame = read_encoder(encoder), predictions.read()
    if isinstance(fitted, SequenceEncoder):
        return {}
    answers = Answers.of_frame(frame, "test")
    found = dark_knowledge(
        answers.first(TEACHER),
        answers.arms[STUDENT],
        answers.arms[CONTROL],
        answers.labels,
        fitted.classes,
        MOST_IN_GRID,
        MOST_PAIRS,
    )
    test = _tested(frame, examples, fitted)
    shown = shown_examples(test, fitted, [pair.row for pair in found.pairs])
    return rounded({"knowledge": asdict(found), "shown": [asdict(one) for one in shown]})


def part_examples(predictions: TableFile, examples: TableFile, encoder: Path) -> Document:
    """Return the test examples on which the student that ships and its teacher part most.

    Args:
        predictions, examples, encoder: as of `slice_tests`.
    """
    from stillroom.data.encoders import SequenceEncoder, read_encoder
    from stillroom.evaluation.answers import Answers
    from stillroom.evaluation.parted import parted, parted_tokens
    from stillroom.evaluation.runs import STUDENT, TEACHER
    from stillroom.pipelines.evaluate.tokens import TokenAnswers
    from stillroom.reporting.shown import shown_examples, shown_tokens

    fitted, frame = read_encoder(encoder), predictions.read()
    test = _tested(frame, examples, fitted)
    if isinstance(fitted, SequenceEncoder):
        said = TokenAnswers.of_frame(frame)
        teacher, student = (said.arms[arm][0].nll for arm in (TEACHER, STUDENT))
        positions = parted_tokens(teacher, student, said.lengths, MOST_PARTED)
        places = [(one.sequence, one.position) for one in positions]
        of_tokens = shown_tokens(test, fitted, places)
        return rounded(
            {
                "positions": [asdict(one) for one in positions],
                "shown": [asdict(one) for one in of_tokens],
            }
        )
    answers = Answers.of_frame(frame, "test")
    found = parted(
        answers.first(TEACHER),
        answers.first(STUDENT),
        answers.labels,
        fitted.classes,
        MOST_PARTED,
    )
    seen = {
        which: [
            asdict(one)
            for one in shown_examples(test, fitted, [example.row for example in of_which])
        ]
        for which, of_which in (("lost", found.lost), ("apart", found.apart))
    }
    return rounded({"parted": asdict(found), **seen})


def _tested(predictions: "pl.DataFrame", examples: TableFile, encoder: "Encoder") -> "pl.DataFrame":
    """Return the examples of the test split, in the order of their predictions.

    Beside their own columns they have `class`, the label's name, and `size`: tokens of a sequence,
    characters of a text.
    """
    import polars as pl

    asked = predictions
    if "split" in predictions.columns:
        asked = predictions.filter(pl.col("split") == "test")
    test = asked.select("example_id").join(
        examples.read(), on="example_id", how="left", maintain_order="left"
    )
    if encoder.classes:
        names = pl.Series(list(encoder.classes))
        test = test.with_columns(names.gather(test["label"]).alias("class"))
    for column, size in (("tokens", "list.len"), ("text", "str.len_chars")):
        if column in test.columns:
            namespace, name = size.split(".")
            length = getattr(getattr(pl.col(column), namespace), name)()
            return test.with_columns(length.cast(pl.Int64).alias("size"))
    return test


def _by_size(test: "pl.DataFrame") -> "list[Slice]":
    from stillroom.evaluation.slices.slicing import by_size

    if "size" not in test.columns:
        return []
    return by_size(test["size"].to_numpy(), "tokens" if "tokens" in test.columns else "characters")
