import json
import time
from dataclasses import asdict

import numpy as np
import pytest

from stillroom.evaluation.dark_knowledge.dark_knowledge import dark_knowledge
from stillroom.evaluation.dark_knowledge.similarity import mean_soft_labels


def test_everything_is_in_one_document_that_json_can_hold() -> None:
    random = np.random.default_rng(0)
    teacher, student, control = random.dirichlet(np.full(6, 0.4), (3, 120))
    labels = np.arange(120) % 6
    document = dark_knowledge(
        teacher, student[None], control[None], labels, list("abcdef"), most_in_grid=4, most_pairs=2
    )
    assert document.classes == 6
    assert len(document.grid.classes) == 4
    in_grid = ["abcdef".index(name) for name in document.grid.classes]
    expected = mean_soft_labels(teacher, labels)[np.ix_(in_grid, in_grid)]
    assert np.array(document.grid.probabilities) == pytest.approx(expected)
    assert sorted(document.tree.leaves) == list("abcdef")
    assert len(document.pairs) <= 2
    assert json.loads(json.dumps(asdict(document), allow_nan=False))["classes"] == 6


def test_a_thousand_classes_stay_quick() -> None:
    random = np.random.default_rng(0)
    teacher, student, control = random.dirichlet(np.full(1000, 0.1), (3, 2000))
    labels = np.arange(2000) % 1000
    began = time.process_time()
    document = dark_knowledge(
        teacher,
        student[None],
        control[None],
        labels,
        [str(at) for at in range(1000)],
        most_in_grid=20,
        most_pairs=8,
    )
    assert len(document.tree.joins) == 999
    assert time.process_time() - began < 3
