"""The sentences on slices: what is a caution, what is a remark, and the words of both."""

from dataclasses import dataclass

from support.evaluation.slice_documents import a_slice, of_slices

from stillroom.evaluation.slices.verdicts import Means, read_slice_verdicts
from stillroom.reporting.units import DASH
from stillroom.reporting.verdict.slice_sentences import cautions, remarks


@dataclass(frozen=True)
class Sentences:
    """What the top of the page says about slices."""

    cautions: tuple[str, ...]
    remarks: tuple[str, ...]


def sentences(document: object) -> Sentences:
    verdicts = read_slice_verdicts(document)
    return Sentences(cautions(verdicts), remarks(verdicts))


def test_a_slice_that_is_called_out_is_reported_with_its_numbers() -> None:
    assert sentences(of_slices(a_slice("class 7"))).cautions == (
        "On class 7 the student loses 12.0 points against its teacher (all examples: 3.1 points), "
        "which is 10.0 points more than on the rest (8.0 to 12.0).",
    )


def test_slices_that_are_not_called_out_are_not_reported() -> None:
    content = sentences(
        of_slices(a_slice("class 7", called_out=False), a_slice("class 8", called_out=False))
    )
    assert (content.cautions, content.remarks) == ((), ())


def test_likelihood_is_reported_in_nats() -> None:
    means = Means(teacher=2.0, control=2.9, student=2.4, loss=0.4)
    long = a_slice("99 tokens", kind="size")
    assert sentences(of_slices(long, measure="nll", means=means)).cautions == (
        "On 99 tokens the student loses 0.120 nats against its teacher (all examples: 0.400 "
        "nats), which is 0.100 nats more than on the rest (0.080 to 0.120).",
    )


def test_the_worst_three_are_named_and_the_others_counted() -> None:
    some = [a_slice(f"class {n}", excess=0.05 + 0.01 * n) for n in range(5)]
    *cautions, last = sentences(of_slices(*some)).cautions
    assert [one.split()[2] for one in cautions] == ["4", "3", "2"]
    assert last == "The same holds for 2 more slices: see below."
    assert (
        sentences(of_slices(*some[:4])).cautions[-1]
        == "The same holds for 1 more slice: see below."
    )
    assert len(sentences(of_slices(*some[:3])).cautions) == 3


def test_where_the_teacher_errs_more_too_is_a_remark() -> None:
    # 58.3 of 100 where it is unsure, 95 of 100 on all.
    content = sentences(
        of_slices(a_slice(f"teacher 27{DASH}61% sure", kind="confidence", teacher=0.583))
    )
    assert content.cautions == ()
    assert content.remarks == (
        f"Where the teacher is 27{DASH}61% sure and is itself right on only 58.3%, the student "
        "loses 12.0 points against its teacher (all examples: 3.1 points), which is 10.0 points "
        "more than on the rest (8.0 to 12.0).",
    )


def test_where_the_teacher_is_sure_and_right_it_is_a_caution() -> None:
    content = sentences(
        of_slices(a_slice(f"teacher 99{DASH}100% sure", kind="confidence", teacher=0.999))
    )
    assert content.remarks == ()
    assert content.cautions[0].startswith(
        f"Where the teacher is 99{DASH}100% sure, the student loses 12.0 "
    )


def test_remarks_are_not_counted_among_the_cautions() -> None:
    hard = a_slice(f"teacher 27{DASH}61% sure", kind="confidence", teacher=0.583, excess=0.5)
    some = [a_slice(f"class {n}") for n in range(3)]
    assert len(sentences(of_slices(hard, *some)).cautions) == 3


def test_a_class_that_is_hard_for_the_teacher_too_is_a_caution_all_the_same() -> None:
    assert len(sentences(of_slices(a_slice("class 7", teacher=0.4))).cautions) == 1


def test_of_a_student_that_gains_a_loss_where_the_teacher_is_sure_is_a_sentence() -> None:
    ahead = Means(teacher=0.7, control=0.85, student=0.9, loss=-0.2)
    sure = a_slice(f"teacher 99{DASH}100% sure", loss=0.03, kind="confidence", teacher=0.999)
    content = sentences(of_slices(sure, means=ahead))
    assert content.cautions == ()
    (remark,) = content.remarks
    assert remark.startswith(
        f"Where the teacher is 99{DASH}100% sure, the student loses 3.0 points"
    )
    assert "(all examples: a gain of 20.0 points)" in remark
    less = a_slice(f"teacher 99{DASH}100% sure", loss=-0.03, kind="confidence", teacher=0.999)
    assert sentences(of_slices(less, means=ahead)).remarks == ()


def test_a_loss_that_may_be_none_is_no_caution() -> None:
    assert sentences(of_slices(a_slice("class 7", loss=0.019))).cautions == ()
    assert len(sentences(of_slices(a_slice("class 7", loss=0.021))).cautions) == 1


def test_a_slice_on_which_the_student_gains_less_is_no_caution() -> None:
    ahead = Means(teacher=0.7, control=0.85, student=0.9, loss=-0.2)
    content = sentences(of_slices(a_slice("class 7", loss=-0.05), means=ahead))
    assert (content.cautions, content.remarks) == ((), ())
    (caution,) = sentences(of_slices(a_slice("class 7", loss=0.05), means=ahead)).cautions
    assert "loses 5.0 points against its teacher (all examples: a gain of 20.0 points), " in caution


def test_a_name_is_printable_and_cut() -> None:
    (caution,) = sentences(of_slices(a_slice("a\x00" + "b" * 100))).cautions
    assert caution.startswith(
        "On a\N{REPLACEMENT CHARACTER}" + "b" * 37 + "…" + "b" * 20 + " the student"
    )
