"""A planted failure is a caution at the top of the page; without it the same models have none.

Predictions go through the nodes of evaluate, and what these write through the page, so no single
module is mirrored here. Figures are left out of the page, since only its top is read. Takes 25
seconds, a third of it to train students.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from support.evaluation.planted_classes import (
    Doubles,
    Examples,
    Labels,
    Planted,
    Top,
    evaluation_documents,
    planted,
    planted_examples,
    top_of,
)
from support.evaluation.planted_tokens import SKILL, planted_tokens
from support.examples.corpus_examples import CorpusOnDisk
from support.report_documents import Documents
from support.training.trained_students import predictions_of_trained, shuffled

from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER
from stillroom.reporting.figures.canvas import Drawing

BETTER = r"The student is better than its teacher, by [\d.]+ points \("
SHUFFLED = r"The student agrees with its teacher less often than the student alone, .* by [\d.]+ po"
TOO_SURE = r"The student is over-confident: its mean confidence exceeds its accuracy by [\d.]+ p"
SLICES = {"eighth": "pl.col('row') % 8 == 0", "others": "pl.col('row') % 8 != 0"}


@pytest.fixture(scope="module", autouse=True)
def no_figures() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Drawing, "svg", lambda drawing, name: "")
        yield


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return planted_examples(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def sound(examples: Examples) -> Planted:
    return planted(examples)


@pytest.fixture(scope="module")
def top(sound: Planted, documents: Documents) -> Top:
    """The top of the page for models without a fault."""
    return report_top(sound, documents)


def report_top(models: Planted, rest: Documents) -> Top:
    seen = models.examples
    return top_of(
        evaluation_documents(models.predictions(), seen.table, seen.encoder, rest, SLICES)
    )


def raised(top: Top, *patterns: str) -> bool:
    """Return whether exactly these cautions stand at the top, in this order."""
    return len(top.cautions) == len(patterns) and all(
        re.match(pattern, caution) for pattern, caution in zip(patterns, top.cautions, strict=True)
    )


def test_sound_models_raise_no_caution(top: Top) -> None:
    assert top.cautions == []
    assert re.match(r"Distillation gained \d+\.\d points \(", top.headline)


def test_what_is_hard_for_the_teacher_too_is_a_sentence_and_no_caution(top: Top) -> None:
    (remark,) = [one for one in top.sentences if one.startswith("Where the teacher is ")]
    assert re.match(
        r"Where the teacher is [\d.]+\N{EN DASH}[\d.]+% sure and is itself right on only [78]\d\.\d"
        r"%, the student loses [\d.]+ points against its teacher \(all examples: [\d.]+ points\), "
        r"which is [\d.]+ points more than on the rest \([\d.]+ to [\d.]+\)\.$",
        remark,
    )
    assert top.sentences[-1] == remark


def test_a_student_that_is_broken_on_one_class_is_called_out_by_its_name(
    sound: Planted, documents: Documents
) -> None:
    def broken(logits: Doubles, labels: Labels) -> Doubles:
        return np.where(np.arange(10) == 7, -30.0, logits)  # a dead output

    broken_top = report_top(sound.students(broken), documents)
    # It is wrong on all of them and as sure as before.
    caution = r"On class 7 the student loses \d\d\.\d points against its teacher \(all examples: \d"
    assert raised(broken_top, TOO_SURE, caution)


def test_a_student_that_is_broken_on_a_slice_of_the_config_is_called_out(
    sound: Planted, documents: Documents
) -> None:
    rows = np.arange(len(sound.examples.labels)) % 8 == 0

    def broken(logits: Doubles, labels: Labels) -> Doubles:
        return np.where(rows[:, None], np.roll(logits, 1, axis=1), logits)

    broken_top = report_top(sound.students(broken), documents)
    (caution,) = [one for one in broken_top.cautions if one.startswith("On ")]
    assert re.match(r"On eighth the student loses \d\d\.\d points against its teacher \(", caution)


def test_an_over_confident_student_is_called_out(
    sound: Planted, top: Top, documents: Documents
) -> None:
    confident_top = report_top(sound.students(lambda logits, labels: 3 * logits), documents)
    assert raised(confident_top, TOO_SURE)
    assert confident_top.headline == top.headline  # no first choice has changed


def test_a_teacher_that_is_worse_than_its_student_is_called_out(
    examples: Examples, documents: Documents
) -> None:
    worse_top = report_top(planted(examples, {TEACHER: 2.2, CONTROL: 1.6, STUDENT: 1.3}), documents)
    assert raised(worse_top, BETTER)
    assert "a teacher like this has little to teach" in worse_top.cautions[0]
    assert re.match("Distillation gained", worse_top.headline)


def test_soft_labels_that_were_shuffled_are_called_out(
    tmp_path: Path, documents: Documents
) -> None:
    seen = planted_examples(tmp_path, train=1200, labelled=40)
    tops = {}
    for name, captured in (("sound", seen.table), ("torn", shuffled(seen, tmp_path / "t.parquet"))):
        predictions = predictions_of_trained(seen, captured, tmp_path / name)
        tops[name] = top_of(evaluation_documents(predictions, seen.table, seen.encoder, documents))
    assert tops["sound"].cautions == []
    assert re.match(r"Distillation gained \d+\.\d points \(", tops["sound"].headline)
    assert re.match(r"Distillation hurt: \d+\.\d points lost \(", tops["torn"].headline)
    assert re.match(SHUFFLED, tops["torn"].cautions[0])
    assert "the soft labels may not belong to these examples" in tops["torn"].cautions[0]


def test_the_page_reports_language_models_and_their_failures_in_nats(
    corpus: CorpusOnDisk, language_documents: Documents
) -> None:
    def top_at(skill: Mapping[str, float], sure: float = 1.0) -> Top:
        predictions = planted_tokens(corpus, SKILL | skill, sure)
        return top_of(
            evaluation_documents(predictions, corpus.examples, corpus.encoder, language_documents)
        )

    sound = top_at({})
    assert sound.cautions == []
    assert re.match(r"Distillation gained 0\.\d{3} nats \(", sound.headline)
    assert raised(top_at({}, sure=3.0), TOO_SURE)
    worse = top_at({TEACHER: 0.2, CONTROL: -0.6})
    assert raised(worse, r"The student is better than its teacher, by 0\.\d{3} nats \(")
