from stillroom.reporting.measures import MODELS, cost_measures, quality_measures
from stillroom.reporting.page import Documents


def test_each_measure_has_a_text_per_model_with_the_same_digits(documents: Documents) -> None:
    for measure in quality_measures(documents.metrics) + cost_measures(documents.cost):
        assert len(measure.texts) == len(MODELS)
        decimals = {len(text.partition(".")[2]) for text in measure.texts}
        assert len(decimals) == 1, measure


def test_the_texts_are_those_of_the_numbers(documents: Documents) -> None:
    texts = {measure.name: measure.texts for measure in cost_measures(documents.cost)}
    assert texts["Parameters"] == ("4,193,130", "51,002", "51,002")
    assert texts["Latency"] == ("9.43", "0.31", "0.31")
