"""Findings on two cats and a dog, with numbers worked out by hand."""

import polars as pl
import pytest
from support.examples.image_examples import image_encoder

from stillroom.assess.findings.class_findings import ClassFindings
from stillroom.models.shape import Shape

SURE, UNSURE, WRONG = [0.9, 0.1], [0.6, 0.4], [0.2, 0.8]
# Row, split, label, and the answers of teacher, control and student.
ROWS = [
    (b"0", "validation", 0, SURE, SURE, SURE),
    (b"1", "test", 0, SURE, UNSURE, SURE),
    (b"2", "test", 1, WRONG, UNSURE, UNSURE),
    (b"3", "test", 0, SURE, WRONG, WRONG),
]


@pytest.fixture
def findings() -> ClassFindings:
    names = ("example_id", "split", "label", "teacher", "control", "student")
    frame = pl.DataFrame(ROWS, schema=names, orient="row")
    return ClassFindings(image_encoder(Shape((1, 2, 2), ("cat", "dog"))), frame)


def test_only_the_test_split_is_looked_at(findings: ClassFindings) -> None:
    assert findings.example_ids.to_list() == [b"1", b"2", b"3"]
    metrics = findings.quality(bins=2)
    assert metrics["teacher"]["accuracy"] == 1.0
    assert metrics["control"]["accuracy"] == metrics["student"]["accuracy"] == pytest.approx(1 / 3)
    assert findings.evidence().accuracy.gain.value == 0.0


def test_each_plot_has_its_records(findings: ClassFindings) -> None:
    reliability, confusion, similarity = findings.plots(bins=2)
    assert {row["model"] for row in reliability} == {"teacher", "control", "student"}
    assert len(confusion) == 3 * 3
    # The teacher calls a cat a dog with 10%, and a dog a cat with 20%.
    likeness = {(row["actual"], row["looks_like"]): row["probability"] for row in similarity}
    assert likeness["cat", "dog"] == pytest.approx(0.1)
    assert likeness["dog", "cat"] == pytest.approx(0.2)


def test_slices_are_by_class_confidence_and_condition(findings: ClassFindings) -> None:
    test = pl.DataFrame({"class": ["cat", "dog", "cat"]})
    judged = findings.slices(test, {"dogs": "pl.col('class') == 'dog'"})
    named = {one.name: (one.kind, one.examples) for one in judged.slices}
    assert named["dogs"] == ("condition", 1)
    assert named["class cat"] == ("class", 2)
    assert ("confidence", 2) in named.values()
    assert not [one for one in judged.slices if one.kind == "size"]
