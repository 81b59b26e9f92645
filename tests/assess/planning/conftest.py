from pathlib import Path

import pytest
from support.examples.image_examples import image_examples, untrained_teachers
from support.licences_and_lineage import own_licence
from support.objectives.objective_config import HINTON
from support.softlabels.capture_stage import capture_stage, here, inputs
from support.softlabels.plan_values import LABELS, STUDENT

from stillroom.assess.planning.planning import Project
from stillroom.config.schema import SoftLabels
from stillroom.models.pretrained.model_directory import EXACT

__all__ = ["capture_stage", "here", "inputs"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return images, two teachers and a small student."""
    made = image_examples(tmp_path, unlabelled=10)
    return Project(
        root=Path(),
        examples=made.examples,
        encoder=made.encoder,
        teachers=untrained_teachers(made, tmp_path / "teachers"),
        licence=own_licence(2),
        inference=EXACT,
        softlabels=SoftLabels(**LABELS),
        student=STUDENT,
        objective=HINTON,
    )
