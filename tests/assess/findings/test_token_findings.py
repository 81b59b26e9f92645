"""Findings on language models of a small corpus."""

import polars as pl
from support.evaluation.token_predictions import Predicted

from stillroom.assess.findings.token_findings import TokenFindings
from stillroom.data.encoders import SequenceEncoder, read_encoder


def of(predicted: Predicted) -> TokenFindings:
    encoder = read_encoder(predicted.corpus.encoder)
    assert isinstance(encoder, SequenceEncoder)
    return TokenFindings(encoder, predicted.frame)


def test_every_sequence_is_of_the_test_split(predicted: Predicted) -> None:
    assert of(predicted).example_ids.to_list() == predicted.rows("test")["example_id"].to_list()


def test_there_is_reliability_and_no_confusion(predicted: Predicted) -> None:
    reliability, confusion, similarity = of(predicted).plots(bins=5)
    assert {row["model"] for row in reliability} >= {"teacher", "student"}
    assert sum(row["count"] for row in reliability if row["model"] == "student") == (
        predicted.frame["labels"].list.len().sum()
    )
    assert confusion == similarity == []


def test_slices_are_judged_in_nats(predicted: Predicted) -> None:
    test = predicted.rows("test").with_columns(size=pl.col("tokens").list.len().cast(pl.Int64))
    judged = of(predicted).slices(test, {"all": "pl.col('size') > 0"})
    everything = next(one for one in judged.slices if one.name == "all")
    assert everything.examples == len(test)
    student = of(predicted).quality(bins=5)["student"]["nll"]
    assert everything.means is not None
    assert abs(everything.means.student - student) < 1e-6
