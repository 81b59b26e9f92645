"""The plan: measures every candidate, and selects the best within a budget."""

from dataclasses import replace

import numpy as np
import pytest
from support.softlabels.linear_teachers import capture_inputs, linear

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.plan.fidelity import Fidelity
from stillroom.softlabels.plan.measure import MemberAnswers
from stillroom.softlabels.plan.plan import Option, Plan, Population, best_within, plan
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK

WHOLE = Population(rows=1000, rows_per_shard=500, copies=3)
CLASSES = 12


def planned(members: int = 1, whole: Population = WHOLE) -> Plan:
    inputs = capture_inputs(100, 1, CLASSES)
    teachers = [linear(seed, Full(), CLASSES) for seed in range(1, members + 1)]
    answers = [
        MemberAnswers(one, inputs.rows, np.stack(inputs.inputs) @ one.weights) for one in teachers
    ]
    combination = Combination.of("probability", [1.0] * members)
    return plan(answers, combination, (1.0, 4.0), 4.0, whole)


@pytest.fixture(scope="module")
def of_one() -> Plan:
    return planned()


def an_option(k: int, size: int, error: float | None) -> Option:
    fidelity = (
        error
        if error is None
        else Fidelity(
            retained_mass=1,
            weight_sum=1,
            weight_sum_deviation=0,
            squared_error=0,
            gradient_cosine=1,
            gradient_norm_ratio=1,
            gradient_error=error,
        )
    )
    return Option(
        sparsifier=FixedThreshold(k=k, temperature=1.0),
        missing_mass="unbiased",
        entries=k,
        bytes_per_row=size / 3000,
        bytes_total=size,
        fidelity=fidelity,
    )


def a_plan(*options: Option) -> Plan:
    return Plan(
        options=options, positions=9, sampled=9, members=1, draws=4, temperature=1.0, whole=WHOLE
    )


def test_full_labels_are_what_everything_is_compared_with(of_one: Plan) -> None:
    full = of_one.options[0].fidelity
    assert full is not None
    assert full.gradient_cosine == pytest.approx(1, abs=1e-12)
    assert full.gradient_norm_ratio == pytest.approx(1, abs=1e-12)
    assert full.gradient_error == full.squared_error == 0


def test_the_total_counts_every_row_and_every_copy(of_one: Plan) -> None:
    for option in of_one.options:
        assert option.bytes_total == round(option.bytes_per_row * 1000 * 3)
    assert (of_one.positions, of_one.members, of_one.draws) == (100, 1, 4)


def test_top_k_has_a_row_for_each_treatment_and_is_the_biased_one(of_one: Plan) -> None:
    biased = [option for option in of_one.options if option.is_biased]
    assert [option.missing_mass for option in biased] == ["tail_bucket", "renormalise"] * 5
    assert all(isinstance(option.sparsifier, TopK) for option in biased)
    first, second = (option.fidelity for option in biased[:2])
    assert first is not None
    assert second is not None
    assert first.retained_mass == second.retained_mass < 1
    assert first.squared_error < second.squared_error  # with much of the mass in the tail


def test_more_entries_bring_the_gradient_closer(of_one: Plan) -> None:
    for missing_mass in ("tail_bucket", "renormalise"):
        errors = [
            option.fidelity.gradient_error
            for option in of_one.options
            if option.fidelity and option.is_biased and option.missing_mass == missing_mass
        ]
        assert errors == sorted(errors, reverse=True)


def test_a_students_own_gradient_is_used() -> None:
    inputs, teacher = capture_inputs(50, 1, CLASSES), linear(1, Full(), CLASSES)
    answers = [MemberAnswers(teacher, inputs.rows, np.stack(inputs.inputs) @ teacher.weights)]
    seen = []

    def gradient(targets, missing_mass):
        seen.append(missing_mass)
        return np.array([3.0, 4.0])

    result = plan(answers, Combination.of("probability", [1.0]), (1.0,), 1.0, WHOLE, gradient)
    assert set(seen) == {"unbiased", "tail_bucket", "renormalise"}
    assert {option.fidelity.gradient_error for option in result.options if option.fidelity} == {0}


def test_top_k_of_several_teachers_has_no_fidelity_and_is_never_chosen() -> None:
    result = planned(members=2)
    without = [option for option in result.options if option.fidelity is None]
    assert without
    assert all(isinstance(option.sparsifier, TopK) for option in without)
    only = replace(result, options=tuple(without))
    with pytest.raises(SoftLabelError):
        best_within(replace(only, options=(*without, an_option(1, 10**9, 0.1))), 10**8)


def test_the_best_option_has_the_least_error_that_fits_and_the_smaller_of_equals_wins() -> None:
    small, large, best = an_option(1, 100, 0.5), an_option(2, 200, 0.2), an_option(3, 300, 0.1)
    as_good = an_option(4, 250, 0.1)
    not_combinable = an_option(5, 1, None)
    result = a_plan(best, small, large, as_good, not_combinable)
    assert best_within(result, 100) == small
    assert best_within(result, 249) == large
    assert best_within(result, 10**9) == as_good


def test_an_impossible_budget_is_refused_with_the_smallest_possible() -> None:
    result = a_plan(an_option(1, 5000, 0.5), an_option(2, 4321, 0.9), an_option(5, 1, None))
    with pytest.raises(
        SoftLabelError, match=r"into 4,320 bytes: the smallest .* take 4,321 bytes "
    ):
        best_within(result, 4320)
