from stillroom.reporting.measures import MODELS, cost_measures, quality_measures
from stillroom.reporting.page import Evidence


def test_each_measure_has_a_text_per_model_with_the_same_digits(evidence: Evidence) -> None:
    for measure in quality_measures(evidence.metrics) + cost_measures(evidence.cost):
        assert len(measure.texts) == len(MODELS)
        decimals = {len(text.partition(".")[2]) for text in measure.texts}
        assert len(decimals) == 1, measure


def test_the_texts_are_those_of_the_numbers(evidence: Evidence) -> None:
    texts = {measure.name: measure.texts for measure in cost_measures(evidence.cost)}
    assert texts["Parameters"] == ("4,193,130", "51,002", "51,002")
    assert texts["Time"] == ("9.43", "0.31", "0.31")
