"""Predictions of language models: token by token, as they are and calibrated."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from support.evaluation.token_predictions import TIMES, Predicted
from support.examples.corpus_examples import masked_corpus, token_teachers

from stillroom.assess.predict import predict_tokens as module
from stillroom.assess.predict.predict_tokens import predict_tokens
from stillroom.models.forward.lm_head import label_logits, masked_labels
from stillroom.models.pretrained.model_directory import load_model
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.teachers.stored_teachers import teacher_refs

MODELS = ("teacher", "control", "student")


def flat(frame: pl.DataFrame, name: str) -> np.ndarray:
    return frame[name].explode().to_numpy()


def temperature(frame: pl.DataFrame, name: str) -> float:
    (value,) = frame[f"{name}_temperature"].unique()
    return value


def test_every_model_answers_at_every_labelled_position(predicted: Predicted) -> None:
    test, frame = predicted.rows("test"), predicted.frame
    labels, log_q = predicted.labels(test), predicted.log_q(test)
    assert frame["example_id"].to_list() == test["example_id"].to_list()
    assert frame["bytes"].to_list() == test["bytes"].to_list()
    assert flat(frame, "labels").tolist() == labels.tolist()
    for name in MODELS:
        one, teacher = log_q[name], log_q["teacher"]
        nll = -one.gather(1, labels[:, None])[:, 0]
        np.testing.assert_allclose(flat(frame, f"{name}_nll"), nll, rtol=1e-4, atol=1e-5)
        assert (flat(frame, f"{name}_top") == one.argmax(1).numpy()).mean() > 0.999
        kl = (teacher.exp() * (teacher - one)).sum(1)
        np.testing.assert_allclose(flat(frame, f"{name}_kl"), kl, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_temperatures_are_those_of_a_search_over_all_validation_logits(
    predicted: Predicted, name: str
) -> None:
    rows = predicted.rows("validation")
    log_q, labels = predicted.log_q(rows)[name].numpy(), predicted.labels(rows).numpy()
    at = range(len(labels)), labels
    searched = minimize_scalar(
        lambda log_t: -log_softmax(log_q / math.exp(log_t), axis=1)[at].sum(),
        bounds=(math.log(0.05), math.log(20)),
        method="bounded",
        options={"xatol": 1e-7},
    )
    fitted = temperature(predicted.frame, name)
    assert fitted == pytest.approx(math.exp(searched.x), rel=2e-3)
    if name != "teacher":
        assert 0.1 < fitted < 10


def test_logits_that_are_ten_times_as_large_have_ten_times_the_temperature(
    predicted: Predicted,
) -> None:
    control, student = (temperature(predicted.frame, name) for name in ("control", "student"))
    assert control == pytest.approx(TIMES * student, rel=2e-3)
    for what in ("scaled_nll", "scaled_confidence"):
        np.testing.assert_allclose(
            flat(predicted.frame, f"control_{what}"),
            flat(predicted.frame, f"student_{what}"),
            rtol=5e-3,
        )


def test_scaled_scores_are_those_of_divided_logits(predicted: Predicted) -> None:
    test = predicted.rows("test")
    labels, log_q = predicted.labels(test), predicted.log_q(test)
    for name in MODELS:
        divided = (log_q[name] / temperature(predicted.frame, name)).log_softmax(1)
        nll, most = -divided.gather(1, labels[:, None])[:, 0], divided.max(1).values.exp()
        scaled = flat(predicted.frame, f"{name}_scaled_nll")
        np.testing.assert_allclose(scaled, nll, rtol=1e-4, atol=1e-5)
        scaled = flat(predicted.frame, f"{name}_scaled_confidence")
        np.testing.assert_allclose(scaled, most, rtol=1e-4)


def test_columns_are_lists_whether_rows_are_as_long_as_each_other_or_not(
    predicted: Predicted,
) -> None:
    one = predicted.predict(predicted.rows("test").head(1))
    for frame in (one, predicted.frame):
        kinds = {name.partition("_")[2]: kind for name, kind in frame.schema.items()}
        assert kinds["nll"] == kinds["confidence"] == kinds["kl"] == pl.List(pl.Float32)
        assert kinds["top"] == frame.schema["labels"] == pl.List(pl.Int64)
    assert predicted.frame.schema["student_scaled_nll"] == pl.List(pl.Float32)
    assert predicted.frame.schema["student_temperature"] == pl.Float64


def test_without_validation_nothing_is_calibrated_and_all_else_is_the_same(
    predicted: Predicted,
) -> None:
    frame = predicted.predict(predicted.rows("test"))
    assert not [name for name in frame.columns if "scaled" in name or "temperature" in name]
    assert frame.equals(predicted.frame.select(frame.columns))


def test_only_a_part_of_a_large_validation_split_is_run(
    predicted: Predicted, monkeypatch: pytest.MonkeyPatch
) -> None:
    validation = predicted.rows("validation").sort("example_id")
    counts = [(row[2] >= 0).sum() for row in predicted.corpus.fitted.encode(validation)]
    some = validation.head(3)
    assert len(validation) > 4
    expected = predicted.predict(pl.concat([some, predicted.rows("test")]))
    monkeypatch.setattr(module, "POSITIONS", int(sum(counts[:2])) + 1)
    frame = predicted.predict(predicted.rows("validation", "test"))
    assert frame.equals(expected)
    assert temperature(frame, "student") != temperature(predicted.frame, "student")


def test_hidden_tokens_are_those_of_view_0_for_every_model(tmp_path: Path) -> None:
    made = masked_corpus(tmp_path, count=60)
    models = token_teachers(made, tmp_path / "models", members=3)
    rows = made.examples.read().filter(pl.col("split") != "train")
    frame = predict_tokens(
        rows,
        made.fitted,
        teacher_refs(models)[:1],
        Combination.of("probability", [1.0]),
        {"control": models / "member_1", "student": models / "member_2"},
    )
    inputs = torch.from_numpy(made.fitted.encode(rows.filter(pl.col("split") == "test")))
    labels = masked_labels(inputs)
    assert flat(frame, "labels").tolist() == labels.tolist()
    with torch.no_grad():
        log_q = label_logits(load_model(models / "member_2"), inputs).double().log_softmax(1)
    nll = -log_q.gather(1, labels[:, None])[:, 0]
    np.testing.assert_allclose(flat(frame, "student_nll"), nll, rtol=1e-4, atol=1e-5)
    assert frame["student_scaled_nll"].list.len().to_list() == frame["labels"].list.len().to_list()


def test_of_conversations_each_position_has_its_turn(predicted: Predicted) -> None:
    test = predicted.rows("test").head(2)
    lengths = test["tokens"].list.len().to_list()
    # Tokens 3 to 5 are the first turn, all from 9 on are the second; each piece begins anew.
    marks = [[3 <= at < 6 or at >= 9 for at in range(length)] for length in lengths]
    chat = test.with_columns(
        pl.Series("starts", [[0]] * 2, pl.List(pl.Int32)),
        pl.Series("learnt", marks, pl.List(pl.Boolean)),
        pl.Series("turn_ends", [[6, length] for length in lengths], pl.List(pl.Int32)),
        pl.Series("references", [[None]] * 2, pl.List(pl.String)),
    )
    frame = predicted.predict(chat)
    assert frame["turns"].to_list() == [[1] * 3 + [2] * (length - 9) for length in lengths]
    assert frame["turns"].list.len().to_list() == frame["labels"].list.len().to_list()
    assert "turns" not in predicted.frame.columns
