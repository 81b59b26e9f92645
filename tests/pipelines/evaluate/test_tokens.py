"""Evaluation of language models: what is measured is what the models say, token by token."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from small_corpus import SmallCorpus, hidden_corpus, small_corpus, token_teachers

from stillroom.models.directory import load_model
from stillroom.models.language import labels_of, logits_asked
from stillroom.pipelines.evaluate.tokens import (
    TokenAnswers,
    measure_tokens,
    predict_tokens,
    reliability_of_tokens,
)
from stillroom.softlabels.combine import Combination
from stillroom.teachers.reference import refer

Run = tuple[SmallCorpus, Path, pl.DataFrame, pl.DataFrame]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("tokens")
    made = small_corpus(folder)
    models = token_teachers(made, folder / "models", members=4)
    teachers = [models / f"member_{n}" for n in (0, 1)]
    test = made.examples.read().filter(pl.col("split") == "test")
    refs = tuple(ref for ref in refer(models) if ref.path in teachers)
    found = predict_tokens(
        test,
        made.fitted,
        refs,
        Combination.of("probability", [3.0, 1.0]),
        {"control": models / "member_2", "student": models / "member_3"},
    )
    return made, models, test, found


def flat(frame: pl.DataFrame, name: str) -> np.ndarray:
    return frame[name].explode().to_numpy()


def test_every_model_is_asked_at_every_place(run: Run) -> None:
    made, models, test, found = run
    inputs = torch.from_numpy(made.fitted.encode(test))
    labels = labels_of(inputs)
    assert flat(found, "labels").tolist() == labels.tolist()
    with torch.no_grad():
        log_q = [
            logits_asked(load_model(models / f"member_{n}"), inputs).double().log_softmax(1)
            for n in range(4)
        ]
    teacher = torch.log(0.75 * log_q[0].exp() + 0.25 * log_q[1].exp())
    for name, one in (("teacher", teacher), ("control", log_q[2]), ("student", log_q[3])):
        nll = -one.gather(1, labels[:, None])[:, 0]
        np.testing.assert_allclose(flat(found, f"{name}_nll"), nll, rtol=1e-4, atol=1e-5)
        assert (flat(found, f"{name}_top") == one.argmax(1).numpy()).mean() > 0.999
        kl = (teacher.exp() * (teacher - one)).sum(1)
        np.testing.assert_allclose(flat(found, f"{name}_kl"), kl, rtol=1e-3, atol=1e-5)


def test_measures_are_those_of_what_was_said(run: Run) -> None:
    _, _, test, found = run
    said = TokenAnswers.of_frame(found)
    metrics, reliability = measure_tokens(said, "next_token", 15), reliability_of_tokens(said, 15)
    nll = flat(found, "student_nll").astype(np.float64)
    assert metrics["student"]["nll"] == pytest.approx(nll.mean())
    bits = nll.sum() / np.log(2) / test["bytes"].sum()
    assert metrics["student"]["bits_per_byte"] == pytest.approx(bits)
    assert metrics["teacher"]["kl_to_teacher"] == pytest.approx(0, abs=1e-6)
    assert metrics["teacher"]["agreement"] == 1
    gain = flat(found, "control_nll").mean() - flat(found, "student_nll").mean()
    assert metrics["gain"]["nll"] == pytest.approx(gain, rel=1e-3, abs=1e-6)
    marks = said.marks()["student"]
    assert marks.log_likelihood.value == pytest.approx(-nll.mean())
    assert marks.right.examples == len(test)
    counts = [row["count"] for row in reliability if row["model"] == "student"]
    assert sum(counts) == len(nll)
    hidden = measure_tokens(said, "masked_token", 15)
    assert hidden["gain"] == metrics["gain"]
    text = {"perplexity", "bits_per_byte"}
    assert metrics["student"].keys() - hidden["student"].keys() == text


def test_hidden_tokens_are_those_of_view_0_for_every_model(tmp_path: Path) -> None:
    made = hidden_corpus(tmp_path, count=60)
    models = token_teachers(made, tmp_path / "models", members=3)
    test = made.examples.read().filter(pl.col("split") == "test")
    found = predict_tokens(
        test,
        made.fitted,
        refer(models)[:1],
        Combination.of("probability", [1.0]),
        {"control": models / "member_1", "student": models / "member_2"},
    )
    inputs = torch.from_numpy(made.fitted.encode(test))
    labels = labels_of(inputs)
    assert flat(found, "labels").tolist() == labels.tolist()
    with torch.no_grad():
        log_q = logits_asked(load_model(models / "member_2"), inputs).double().log_softmax(1)
    nll = -log_q.gather(1, labels[:, None])[:, 0]
    np.testing.assert_allclose(flat(found, "student_nll"), nll, rtol=1e-4, atol=1e-5)
