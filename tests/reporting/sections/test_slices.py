"""The section of slices: what alarms, what is only remarked, and in which words."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from jinja2 import Environment

from stillroom.errors import DataError
from stillroom.evaluation.slices.verdicts import Judgement, Means, SliceVerdict, SliceVerdicts
from stillroom.evaluation.statistics.bootstrap import Estimate
from stillroom.reporting.sections.slices import section
from stillroom.reporting.units import DASH

HARM = "<script>alert(1)</script>"


def a_slice(
    name: str,
    loss: float = 0.12,
    excess: float = 0.1,
    kind: str = "class",
    teacher: float = 0.95,
    called_out: bool = True,
) -> SliceVerdict:
    """Return a slice on which the student loses so much, 0.02 more or less of it in excess."""
    judgement = Judgement(
        loss=Estimate(loss, loss - 0.02, loss + 0.02),
        excess=Estimate(excess, excess - 0.02, excess + 0.02),
        p=0.001 if called_out else 0.9,
        is_called_out=called_out,
    )
    means = Means(teacher=teacher, control=0.8, student=teacher - loss, loss=loss)
    return SliceVerdict(name=name, kind=kind, examples=200, means=means, judgement=judgement)


def of(*slices: SliceVerdict, **changes: Any) -> Any:
    """Return the document of slices of examples on which 3.1 of 95 points are lost."""
    whole = Means(teacher=0.95, control=0.85, student=0.919, loss=0.031)
    found = SliceVerdicts(
        measure="accuracy",
        least=30,
        examples=2000,
        means=whole,
        loss=Estimate(0.031, 0.02, 0.04),
        slices=slices,
    )
    return json.loads(json.dumps(asdict(replace(found, **changes))))


def test_a_slice_that_is_called_out_is_told_with_its_numbers() -> None:
    assert section(of(a_slice("class 7"))).alarms == (
        "On class 7 the student loses 12.0 points against its teacher (all examples: 3.1 points), "
        "which is 10.0 points more than on the rest (8.0 to 12.0).",
    )


def test_what_is_not_called_out_is_not_told() -> None:
    found = section(of(a_slice("class 7", called_out=False), a_slice("class 8", called_out=False)))
    assert (found.alarms, found.remarks) == ((), ())
    assert (found.slices, found.drawn, found.least) == (2, 2, 30)


def test_likelihood_is_told_in_nats() -> None:
    means = Means(teacher=2.0, control=2.9, student=2.4, loss=0.4)
    long = a_slice("99 tokens", kind="size")
    assert section(of(long, measure="nll", means=means)).alarms == (
        "On 99 tokens the student loses 0.120 nats against its teacher (all examples: 0.400 "
        "nats), which is 0.100 nats more than on the rest (0.080 to 0.120).",
    )


def test_the_worst_three_are_told_and_the_others_counted() -> None:
    some = [a_slice(f"class {n}", excess=0.05 + 0.01 * n) for n in range(5)]
    *told, last = section(of(*some)).alarms
    assert [one.split()[2] for one in told] == ["4", "3", "2"]
    assert last == "The same holds for 2 more slices: see below."
    assert section(of(*some[:4])).alarms[-1] == "The same holds for 1 more slice: see below."
    assert len(section(of(*some[:3])).alarms) == 3


def test_where_the_teacher_errs_more_too_is_a_remark() -> None:
    # 58.3 of 100 where it is unsure, 95 of 100 everywhere.
    found = section(of(a_slice(f"teacher 27{DASH}61% sure", kind="confidence", teacher=0.583)))
    assert found.alarms == ()
    assert found.remarks == (
        f"Where the teacher is 27{DASH}61% sure and is itself right on only 58.3%, the student "
        "loses 12.0 points against its teacher (all examples: 3.1 points), which is 10.0 points "
        "more than on the rest (8.0 to 12.0).",
    )


def test_where_the_teacher_is_sure_and_right_it_is_an_alarm() -> None:
    found = section(of(a_slice(f"teacher 99{DASH}100% sure", kind="confidence", teacher=0.999)))
    assert found.remarks == ()
    assert found.alarms[0].startswith(
        f"Where the teacher is 99{DASH}100% sure, the student loses 12.0 "
    )


def test_remarks_are_not_counted_among_the_alarms() -> None:
    hard = a_slice(f"teacher 27{DASH}61% sure", kind="confidence", teacher=0.583, excess=0.5)
    some = [a_slice(f"class {n}") for n in range(3)]
    assert len(section(of(hard, *some)).alarms) == 3


def test_a_class_that_is_hard_for_the_teacher_too_is_an_alarm_all_the_same() -> None:
    assert len(section(of(a_slice("class 7", teacher=0.4))).alarms) == 1


def test_of_a_student_that_gains_a_loss_where_the_teacher_is_sure_is_a_sentence() -> None:
    ahead = Means(teacher=0.7, control=0.85, student=0.9, loss=-0.2)
    sure = a_slice(f"teacher 99{DASH}100% sure", loss=0.03, kind="confidence", teacher=0.999)
    found = section(of(sure, means=ahead))
    assert found.alarms == ()
    (told,) = found.remarks
    assert told.startswith(f"Where the teacher is 99{DASH}100% sure, the student loses 3.0 points")
    assert "(all examples: a gain of 20.0 points)" in told
    less = a_slice(f"teacher 99{DASH}100% sure", loss=-0.03, kind="confidence", teacher=0.999)
    assert section(of(less, means=ahead)).remarks == ()


def test_a_loss_that_may_be_none_is_no_alarm() -> None:
    assert section(of(a_slice("class 7", loss=0.019))).alarms == ()
    assert len(section(of(a_slice("class 7", loss=0.021))).alarms) == 1


def test_a_slice_on_which_the_student_gains_less_is_no_alarm() -> None:
    ahead = Means(teacher=0.7, control=0.85, student=0.9, loss=-0.2)
    found = section(of(a_slice("class 7", loss=-0.05), means=ahead))
    assert (found.alarms, found.remarks) == ((), ())
    (told,) = section(of(a_slice("class 7", loss=0.05), means=ahead)).alarms
    assert "loses 5.0 points against its teacher (all examples: a gain of 20.0 points), " in told


def test_a_name_is_printable_and_cut() -> None:
    (told,) = section(of(a_slice("a\x00" + "b" * 100))).alarms
    assert told.startswith(
        "On a\N{REPLACEMENT CHARACTER}" + "b" * 37 + "…" + "b" * 20 + " the student"
    )


def test_the_figure_shows_each_slice_and_no_markup_of_a_name(environment: Environment) -> None:
    html = environment.get_template("sections/slices.html.j2").render(
        slices=section(of(a_slice("class 7"), a_slice(HARM)))
    )
    assert html.count("<svg") == 1
    assert "class 7 (200)" in html
    assert "<script" not in html


def test_no_slice_is_said_in_words(environment: Environment) -> None:
    found = section(of())
    assert (found.figure, found.alarms) == ("", ())
    html = environment.get_template("sections/slices.html.j2").render(slices=found)
    assert "There is no slice to show." in html
    assert "<svg" not in html


def test_many_slices_are_cut_and_the_section_says_so(environment: Environment) -> None:
    found = section(of(*(a_slice(f"class {n}", called_out=False) for n in range(77))))
    assert (found.slices, found.drawn) == (77, 25)
    html = environment.get_template("sections/slices.html.j2").render(slices=found)
    assert "The figure shows the 25 worst slices." in html


@pytest.mark.parametrize("change", [{"measure": "f1"}, {"slices": [{}]}, {"means": None}])
def test_a_damaged_document_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"slices\.json: .* is malformed"):
        section(of(a_slice("class 7")) | change)
