"""Plots: records of the exported runs and of the teacher."""

from support.evaluation.planted_answers import CLASSES, planted_answers

from stillroom.evaluation.plot_records import plots


def test_each_plot_has_the_teacher_and_the_runs_that_ship() -> None:
    predictions = planted_answers(examples=300)
    names = [f"class {index}" for index in range(CLASSES)]
    reliability, confusion, similarity = plots(predictions, names, 15)
    models = ["teacher", "control", "student"]
    assert list(dict.fromkeys(row["model"] for row in reliability)) == models
    assert len(confusion) == 3 * 300
    of_student = [row for row in confusion if row["model"] == "student"]
    right = sum(row["actual"] == row["predicted"] for row in of_student)
    assert right == (predictions.first("student").argmax(axis=1) == predictions.labels).sum()
    assert len(similarity) == CLASSES**2
