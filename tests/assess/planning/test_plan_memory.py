"""Plan memory: the bytes of soft labels by hand, and the fit whose memory is tried."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.softlabels.plan_values import LABELS, STUDENT
from support.training.jobs import a_trainer

from stillroom.assess.planning import plan_memory as module
from stillroom.assess.planning.plan_memory import plan_memory, soft_label_bytes
from stillroom.assess.planning.planning import Project
from stillroom.config.schema import SoftLabels
from stillroom.training.job import Job


def planned(**changes: Any) -> Any:
    """Return a plan of 100 rows, of whose 40 positions each every second one was looked at."""
    whole = SimpleNamespace(rows=100, thinned=2.0)
    values = {"whole": whole, "positions": 60, "sampled": 3, "members": 1}
    return SimpleNamespace(plan=SimpleNamespace(**(values | changes)))


@pytest.mark.parametrize(
    ("labels", "entries"),
    [
        ({"sparsifier": "full"}, 300),
        ({"sparsifier": "topk", "k": 16}, 16),
        ({"sparsifier": "threshold", "entries": 24.0}, 24),
    ],
)
def test_soft_labels_take_rows_times_positions_times_entries(
    project: Project, labels: dict[str, Any], entries: int
) -> None:
    of = replace(project, softlabels=SoftLabels(**(LABELS | labels)))
    encoder: Any = SimpleNamespace(outputs=300)
    expected = 100 * (400 + 32 * entries * 40)
    assert soft_label_bytes(of, planned(), encoder) == expected
    assert soft_label_bytes(of, planned(members=2), encoder) == 2 * expected


def test_the_control_is_tried_with_the_trainer_of_the_project(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[tuple[Job, int]] = []
    monkeypatch.setattr(module, "training_memory", lambda job, rows: tried.append((job, rows)))
    trainer = a_trainer(gradient_checkpointing=True)
    plan_memory(project, trainer, planned())
    ((job, rows),) = tried
    (fit,) = job.fits
    assert job.trainer == trainer
    assert (fit.name, fit.objective, fit.architecture) == ("control", None, STUDENT.architecture)
    assert rows > 0
    assert Path(job.examples).is_absolute()
