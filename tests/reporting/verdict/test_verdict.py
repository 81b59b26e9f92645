"""The verdict's words about planted findings and planted failures."""

import re
from dataclasses import replace

import numpy as np
import pytest
from support.evaluation.planted_answers import RIGHT, planted_answers, planted_evidence
from support.report_documents import Documents

from stillroom.evaluation.arms import CONTROL, FULL_LOGITS, STUDENT, TEACHER
from stillroom.evaluation.predictions import ClassPredictions
from stillroom.evaluation.statistics.bootstrap import Estimate
from stillroom.evaluation.statistics.evidence import Choices, Evidence, evidence
from stillroom.evaluation.statistics.scores import Scores
from stillroom.reporting.verdict.verdict import cautions, headline, quality_in_words, verdict

METRICS = {
    TEACHER: {"accuracy": 0.95, "agreement": 1.0},
    CONTROL: {"accuracy": 0.85, "agreement": 0.86},
    STUDENT: {"accuracy": 0.90, "agreement": 0.92},
}
COST = {
    TEACHER: {"parameters": 1000, "ms_p50": 6.0},
    STUDENT: {"parameters": 100, "ms_p50": 2.0},
}


def words(of: Evidence) -> str:
    return quality_in_words(of, METRICS)


def of_tokens(control: float, student: float) -> tuple[Evidence, dict[str, dict[str, float]]]:
    """Return evidence and metrics of 200 sequences of 50 tokens at these nats per token."""
    draws = np.random.default_rng(0)
    nll = {TEACHER: 3.0, CONTROL: control, STUDENT: student}
    noise = draws.normal(0, 1, 10_000)

    def choices(value: float) -> Choices:
        right = draws.random((1, 10_000)) < 0.3
        return Choices(
            right=right,
            log_likelihood=-(value + noise)[None],
            confidence=np.full((1, 10_000), 0.3),
            agrees=right,
        )

    marks = {
        arm: choices(value).arm_scores(lambda one: Scores.of_sequences(one, np.full(200, 50)))
        for arm, value in nll.items()
    }
    metrics = {arm: {"nll": value, "agreement": 0.6} for arm, value in nll.items()}
    return evidence(marks, "sequence"), metrics


def test_what_all_logits_bring_is_the_measure_of_what_was_stored() -> None:
    arms = {TEACHER: 0.95, CONTROL: 0.80, STUDENT: 0.86, FULL_LOGITS: 0.88}
    planted = planted_evidence(arms)
    kept = planted.accuracy.kept
    assert kept is not None
    assert 0.6 < kept.value < 0.9
    ends = f"({100 * kept.low:.0f}% to {100 * kept.high:.0f}%)"
    assert f"brought {100 * kept.value:.0f}% {ends} of the gain" in words(planted)
    assert "Even all of the teacher's logits bring no clear gain over hard labels only." in words(
        planted_evidence(arms | {FULL_LOGITS: 0.80})
    )
    assert "logits" not in words(planted_evidence())


def test_a_gain_is_reported_with_its_interval() -> None:
    planted = planted_evidence()
    gain = planted.accuracy.gain
    ends = f"({100 * gain.low:.1f} to {100 * gain.high:.1f})"
    assert headline(planted) == f"Distillation gained {100 * gain.value:.1f} points {ends}."
    assert 3 < 100 * gain.low < 100 * gain.value < 100 * gain.high < 8


def test_a_loss_is_called_hurt_and_has_no_sign() -> None:
    planted = planted_evidence(RIGHT | {STUDENT: 0.80})
    assert headline(planted).startswith("Distillation hurt: ")
    assert "points lost (" in headline(planted)
    assert "-" not in headline(planted)


def test_no_difference_says_how_many_examples_it_would_take() -> None:
    planted = planted_evidence(RIGHT | {STUDENT: 0.856}, examples=600, seeds=1)
    assert headline(planted) == "This test set shows no clear difference."
    assert planted.accuracy.needed is not None
    assert "would take about " in words(planted)


@pytest.mark.parametrize(
    ("needed", "text"),
    [(45, "45"), (987, "990"), (1951, "2,000"), (12_345, "12,000"), (9_960_000, "10,000,000")],
)
def test_the_number_of_examples_has_two_digits(needed: int, text: str) -> None:
    planted = planted_evidence(RIGHT | {STUDENT: 0.856}, examples=600, seeds=1)
    planted = replace(planted, accuracy=replace(planted.accuracy, needed=needed))
    assert f"would take about {text} examples." in words(planted)


def test_equal_models_show_no_difference_and_no_number_of_examples_helps() -> None:
    same = planted_answers()
    twins = ClassPredictions(same.labels, {**same.arms, STUDENT: same.arms[CONTROL]})
    equal = evidence(twins.arm_scores())
    assert headline(equal) == "This test set shows no clear difference."
    assert "Student and control do equally well on every example." in words(equal)
    assert "test set cannot show" in words(equal)


def test_the_share_of_the_gap_is_reported_if_there_is_a_gap() -> None:
    assert re.search(
        r"Distillation closed \d\d% \(\d\d% to \d\d%\) of the gap between",
        words(planted_evidence()),
    )
    none = planted_evidence({TEACHER: 0.85, CONTROL: 0.85, STUDENT: 0.86})
    assert "There is no clear gap to close" in words(none)


def test_a_share_outside_0_to_1_is_described_in_words() -> None:
    worse = words(planted_evidence(RIGHT | {STUDENT: 0.80}))
    gap = "of the gap between the student alone and the teacher"
    assert f"Distillation closed none {gap}; it made the gap larger." in worse
    better = words(planted_evidence({TEACHER: 0.88, CONTROL: 0.80, STUDENT: 0.95}))
    assert (
        "Distillation closed all of the gap between the student alone and the teacher and" in better
    )
    assert "-" not in re.findall(r"Distillation closed [^.]*\.", worse + better)[0]


def test_one_seed_has_mcnemars_test_and_several_have_not() -> None:
    assert "McNemar" in words(planted_evidence(seeds=1))
    assert "McNemar" not in words(planted_evidence(seeds=3))
    assert "one seed" in words(planted_evidence(seeds=1))
    assert "3 seeds" in words(planted_evidence(seeds=3))


def of_one_seed(won: int, lost: int, examples: int) -> Evidence:
    """Return evidence of one seed: how often only the student, or only its control, is right."""
    labels, place = np.zeros(examples, int), np.arange(examples)
    right, wrong = np.array([0.9, 0.1]), np.array([0.1, 0.9])
    wrong_on = {
        TEACHER: place < 0,
        CONTROL: place < won,
        STUDENT: (won <= place) & (place < won + lost),
    }
    arms = {arm: np.where(at[:, None], wrong, right)[None] for arm, at in wrong_on.items()}
    return evidence(ClassPredictions(labels, arms).arm_scores())


def test_of_one_seed_the_exact_test_must_agree() -> None:
    # 9 against 2 of 1,000 are 0.7 points (0.04 to 1.4); the exact test gives p = 0.065.
    doubtful = of_one_seed(9, 2, 1000)
    assert doubtful.accuracy.gain.is_above_zero
    assert headline(doubtful) == "This test set shows no clear difference."
    assert "p = 0.065" in words(doubtful)
    assert "This test set cannot show how much of the gap" in words(doubtful)
    assert headline(of_one_seed(12, 2, 1000)).startswith("Distillation gained 1.0 points (")


def test_one_example_is_one_and_a_p_without_digits_is_small() -> None:
    assert "right on 1 example where its control is wrong, and wrong on 0 where" in words(
        of_one_seed(1, 0, 100)
    )
    assert "(McNemar's exact test: p < 0.00001)" in words(of_one_seed(300, 0, 1000))


def test_of_a_few_examples_nothing_is_concluded() -> None:
    assert headline(of_one_seed(20, 2, 29)) == "This test set shows no clear difference."
    assert "Nothing is concluded from fewer than 30 examples." in words(of_one_seed(20, 2, 29))
    assert headline(of_one_seed(20, 2, 30)).startswith("Distillation gained 60.0 points")


def test_a_teacher_worse_than_its_student_alone_has_nothing_to_teach() -> None:
    below = planted_evidence({TEACHER: 0.80, CONTROL: 0.85, STUDENT: 0.80})
    assert "The teacher is worse than the student alone: it has nothing to teach." in cautions(
        below
    )
    worse = planted_evidence({TEACHER: 0.80, CONTROL: 0.83, STUDENT: 0.90})
    assert "The teacher is worse than the student alone: there is no gap to close." in words(worse)


def test_a_teacher_that_is_worse_by_pairs_is_worse_where_intervals_overlap() -> None:
    labels, place = np.zeros(2000, int), np.arange(2000)
    right, wrong = np.array([0.9, 0.1]), np.array([0.1, 0.9])
    # Control and student err where the teacher errs, except on 20 examples.
    arms = {
        arm: np.where((place < count)[:, None], wrong, right)[None]
        for arm, count in ((TEACHER, 140), (CONTROL, 120), (STUDENT, 140))
    }
    pairs = evidence(ClassPredictions(labels, arms).arm_scores())
    assert pairs.accuracy.arms[TEACHER].high > pairs.accuracy.arms[CONTROL].low
    assert "The teacher is worse than the student alone: it has nothing to teach." in cautions(
        pairs
    )


def test_a_little_less_agreement_is_no_caution() -> None:
    planted = planted_evidence()
    for value, count in ((-0.015, 0), (-0.025, 1)):
        nearer = Estimate(value, value - 0.002, value + 0.002)
        assert len(list(cautions(replace(planted, nearer=nearer)))) == count


def test_a_sound_distillation_raises_no_caution() -> None:
    assert list(cautions(planted_evidence())) == []


def test_a_student_better_than_its_teacher_is_called_out() -> None:
    caution, *_ = cautions(planted_evidence({TEACHER: 0.80, CONTROL: 0.85, STUDENT: 0.90}))
    assert caution.startswith("The student is better than its teacher, by 1")
    assert "little to teach" in caution


def test_an_over_confident_student_is_called_out() -> None:
    (caution,) = cautions(evidence(planted_answers(confidence=0.99).arm_scores()))
    assert caution.startswith(
        "The student is over-confident: its mean confidence exceeds its accuracy by 8.8"
    )


def test_a_little_too_sure_is_no_caution() -> None:
    assert list(cautions(evidence(planted_answers(confidence=0.91).arm_scores()))) == []


def test_soft_labels_of_other_examples_are_called_out() -> None:
    # A student of shuffled soft labels gives its teacher's answer to some other example.
    sound = planted_answers()
    taught = sound.first(TEACHER)
    order = np.random.default_rng(1).permutation(len(taught))
    shuffled = np.stack([taught[order]] * 3)
    of_shuffled = evidence(
        ClassPredictions(sound.labels, {**sound.arms, STUDENT: shuffled}).arm_scores()
    )
    assert headline(of_shuffled).startswith("Distillation hurt: ")
    first, *_ = cautions(of_shuffled)
    assert "agrees with its teacher less often than the student alone" in first
    assert "the soft labels may not belong to these examples" in first


def test_the_words_hold_the_numbers() -> None:
    planted = verdict(planted_evidence(), METRICS, COST)
    first, *_, agreement, size = planted.sentences
    arms = planted_evidence().accuracy.arms
    assert f"is right on {100 * arms[STUDENT].value:.1f}% (" in first
    assert f"without a teacher on {100 * arms[CONTROL].value:.1f}% (" in first
    assert (
        "agrees with the teacher on 92.0% of the examples, the student alone on 86.0%" in agreement
    )
    assert "10.0 times the student's parameters and 3.0 times its time" in size


def test_tokens_are_judged_by_their_likelihood() -> None:
    planted, metrics = of_tokens(control=3.6, student=3.4)
    words_of = verdict(planted, metrics, COST)
    assert words_of.headline == "Distillation gained 0.200 nats (0.200 to 0.200)."
    assert (
        "The NLL per hidden token of the test split is 3.400 nats for the distilled"
        in words_of.sentences[0]
    )
    assert "200 sequences" in words_of.sentences[1]
    assert "Distillation closed 33%" in words_of.sentences[2]
    assert "60.0% of the tokens" in words_of.sentences[3]
    assert "The teacher's NLL is 3.000 nats, with 10.0 times" in words_of.sentences[-1]
    assert "perplexity" not in "".join(words_of.sentences)


@pytest.mark.parametrize("examples", [100, 2000])
def test_a_report_of_any_size_tells_both_ends(examples: int, documents: Documents) -> None:
    for measured in (
        planted_evidence(examples=examples),
        Evidence.from_json(documents["statistics"]),
    ):
        first, *_ = verdict(measured, documents["metrics"], documents["cost"]).sentences
        for arm in (STUDENT, CONTROL):
            one = measured.accuracy.arms[arm]
            assert (
                f"{100 * one.value:.1f}% ({100 * one.low:.1f}% to {100 * one.high:.1f}%)" in first
            )


@pytest.mark.parametrize(("number", "is_reported"), [(0, True), (2, False)])
def test_a_broken_seed_is_a_caution_where_it_is_the_one_that_ships(
    number: int, is_reported: bool
) -> None:
    planted = planted_answers()
    runs = planted.arms[STUDENT].copy()
    runs[number] = planted_answers(RIGHT | {STUDENT: 0.80}).arms[STUDENT][number]
    warned = " ".join(
        cautions(
            evidence(ClassPredictions(planted.labels, planted.arms | {STUDENT: runs}).arm_scores())
        )
    )
    match = re.search(r"that ships is worse than those of the other seeds, by ([\d.]+) p", warned)
    assert (match is not None) == is_reported
    if match:
        assert float(match[1]) == pytest.approx(10, abs=1.5)
