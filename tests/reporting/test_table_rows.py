from support.report_documents import Documents

from stillroom.reporting.table_rows import (
    calibration_measures,
    cost_measures,
    models_of,
    quality_measures,
)


def test_each_measure_has_a_text_per_model_with_the_same_digits(documents: Documents) -> None:
    for measure in quality_measures(documents["metrics"]) + cost_measures(documents["cost"]):
        assert len(measure.texts) == len(models_of(documents["metrics"]))
        decimals = {len(text.partition(".")[2]) for text in measure.texts}
        assert len(decimals) == 1, measure


def test_the_texts_are_those_of_the_numbers(documents: Documents) -> None:
    texts = {measure.name: measure.texts for measure in cost_measures(documents["cost"])}
    assert texts["Parameters"] == ("4,193,130", "51,002", "51,002")
    assert texts["Latency"] == ("9.43", "0.31", "0.31")


def test_calibrated_measures_are_shown_before_and_after() -> None:
    before = {"ece": 0.0812, "nll": 4.5678}
    after = {"scaled_ece": 0.0123, "scaled_nll": 4.3456, "temperature": 1.234}
    models = ("teacher", "control", "student", "full_logits")
    measures = calibration_measures(dict.fromkeys(models, before | after))
    assert [(measure.name, measure.texts[3]) for measure in measures] == [
        ("ECE", "8.1%"),
        ("ECE, scaled", "1.2%"),
        ("NLL", "4.568"),
        ("NLL, scaled", "4.346"),
        ("Temperature", "1.23"),
    ]
    assert calibration_measures(dict.fromkeys(models, before)) == ()
