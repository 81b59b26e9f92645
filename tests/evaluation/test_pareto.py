"""The front of a family, by hand and by its definition."""

from hypothesis import given
from hypothesis import strategies as st

from stillroom.evaluation.pareto import Member, on_front, pareto_records
from stillroom.evaluation.statistics.bootstrap import Estimate

NUMBERS = st.sampled_from([1.0, 2.0, 3.0, 4.0])


def member(name: str, quality: float, parameters: float) -> Member:
    near = Estimate(quality, quality - 0.01, quality + 0.01)
    return Member(name=name, quality=near, alone=0.5, parameters=parameters)


def test_a_model_that_another_beats_at_no_more_cost_is_not_on_the_front() -> None:
    #        small  bad    dear   best
    goods = [0.80, 0.79, 0.90, 0.90]
    costs = [10.0, 10.0, 90.0, 50.0]
    assert on_front(goods, costs) == [True, False, False, True]


def test_twins_are_both_on_it() -> None:
    assert on_front([1.0, 1.0], [2.0, 2.0]) == [True, True]


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8))
def test_each_model_is_on_the_front_or_beaten_by_one_that_is(
    models: list[tuple[float, float]],
) -> None:
    goods, costs = [good for good, _ in models], [cost for _, cost in models]
    front = on_front(goods, costs)
    best = [model for model, is_on in zip(models, front, strict=True) if is_on]
    assert best
    for (good, cost), is_on in zip(models, front, strict=True):
        beaten = any(g >= good and c <= cost and (g, c) != (good, cost) for g, c in best)
        assert is_on != beaten


def test_of_accuracy_more_is_better_and_of_nll_less() -> None:
    both = [member("good", 0.9, 10), member("bad", 0.5, 10)]
    assert [row["front"] for row in pareto_records(both, "accuracy")] == [1, 0]
    assert [row["front"] for row in pareto_records(both, "nll")] == [0, 1]


def test_a_record_says_what_its_member_is_like() -> None:
    (row,) = pareto_records([member("tiny", 0.75, 1234)], "accuracy")
    assert row == {
        "model": "tiny",
        "measure": "accuracy",
        "quality": 0.75,
        "low": 0.74,
        "high": 0.76,
        "alone": 0.5,
        "parameters": 1234,
        "front": 1,
    }
