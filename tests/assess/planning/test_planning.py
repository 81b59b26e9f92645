"""Planning: the project's own teachers, examples and student."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.examples.corpus_examples import BERT, GPT2, small_corpus, token_teachers
from support.examples.image_examples import CLASSES
from support.licences_and_lineage import own_licence
from support.objectives.objective_config import HINTON
from support.softlabels.plan_values import LABELS, STUDENT

from stillroom.assess.planning import planning
from stillroom.assess.planning.planning import Project, ProjectPlan, project_plan
from stillroom.config.schema import Architecture, SoftLabels
from stillroom.data.encoders import fit_encoder, read_encoder, write_encoder
from stillroom.io.files.disk_copies import Copies
from stillroom.models.pretrained.model_directory import EXACT, PREPROCESSOR
from stillroom.softlabels.plan.plan import Plan
from stillroom.softlabels.plan.plan_table import option_text
from stillroom.softlabels.sparsify import candidate_grid
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.teachers.stored_teachers import teacher_refs

COPIES = Copies(("the store", "data", "the cache"), 3, False)
OBJECTIVE = HINTON


def full_of(planned: ProjectPlan) -> Any:
    return full_of_plan(planned.plan)


def full_of_plan(plan: Plan) -> Any:
    option = plan.options[0]
    assert option.sparsifier == Full()
    return option


def with_labels(project: Project, **values: Any) -> Project:
    return replace(project, softlabels=SoftLabels(**(LABELS | values)))


def test_a_plan_counts_rows_members_and_copies(project: Project) -> None:
    planned = project_plan(project, COPIES, 40)
    assert (planned.plan.positions, planned.plan.members, planned.plan.temperature) == (40, 2, 4.0)
    assert planned.plan.whole.rows == planned.inputs == 110
    assert planned.plan.whole.copies == 3
    assert full_of(planned).fidelity.gradient_cosine == pytest.approx(1)
    assert 0 < planned.hours == planned.inputs * planned.seconds_per_input / 3600
    assert all(o.fidelity is None for o in planned.plan.options if isinstance(o.sparsifier, TopK))


def test_an_ensemble_that_is_combined_at_capture_is_one_teacher(project: Project) -> None:
    planned = project_plan(with_labels(project, combine="capture"), COPIES, 40)
    assert planned.plan.members == 1
    assert all(option.fidelity is not None for option in planned.plan.options)


@pytest.mark.parametrize("combine", ["read", "capture"])
def test_features_are_counted_in_every_option(project: Project, combine: str) -> None:
    bare = project_plan(with_labels(project, combine=combine), COPIES, 110).plan.options
    plan = project_plan(with_labels(project, combine=combine, features="pooled"), COPIES, 110).plan
    for before, after in zip(bare, plan.options, strict=True):
        # Two teachers with 32 features of 2 bytes; a ReLU sets half of them to zero.
        assert 2 * 32 * 2 * 0.5 < after.bytes_per_row - before.bytes_per_row < 2 * 32 * 2 * 1.2
        assert after.bytes_total == round(after.bytes_per_row * 110 * 3)
        assert (after.entries, after.fidelity) == (before.entries, before.fidelity)


def test_draws_and_views_are_rows_and_a_draw_costs_no_answer(project: Project) -> None:
    planned = project_plan(with_labels(project, draws=3, views=2), COPIES, 40)
    assert planned.plan.whole.rows == 60 * 2 * 3 + 50
    assert planned.inputs == 60 * 2 + 50


def test_a_sample_is_no_larger_than_its_gradients_can_be_held(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "MOST_CELLS", 20 * len(CLASSES))
    assert project_plan(project, COPIES, 1000).plan.positions == 20


def test_draws_of_an_input_share_the_bytes_of_its_features(project: Project) -> None:
    bare = project_plan(with_labels(project, draws=4), COPIES, 110).plan
    plan = project_plan(with_labels(project, draws=4, features="pooled"), COPIES, 110).plan
    share = (60 + 50) / (60 * 4 + 50)
    for before, after in zip(bare.options, plan.options, strict=True):
        more = after.bytes_per_row - before.bytes_per_row
        assert 2 * 32 * 2 * 0.5 < more / share < 2 * 32 * 2 * 1.2


@pytest.mark.parametrize("task", ["next_token", "masked_token"])
def test_a_plan_of_sequences_looks_at_positions(
    tmp_path: Path, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = small_corpus(tmp_path, corpus={"task": task})
    options = BERT if made.fitted.is_masked else GPT2
    project = Project(
        root=Path(),
        examples=made.examples,
        encoder=made.encoder,
        teachers=token_teachers(made, tmp_path / "teachers"),
        inference=EXACT,
        softlabels=SoftLabels(**LABELS),
        student=replace(STUDENT, architecture=Architecture(name="transformer", options=options)),
        objective=OBJECTIVE,
        licence=own_licence(1),
    )
    monkeypatch.setattr(candidate_grid, "ENTRIES", (2, 32))
    whole = project_plan(project, COPIES, 60)
    plan = whole.plan
    assert 30 < plan.positions <= 60
    assert plan.whole.rows == whole.inputs == len(made.examples.read())
    # All logits of a teacher of V tokens take 4 V bytes at a position, minus what zstd saves.
    full, per_row = full_of(whole), plan.whole.thinned * plan.positions / plan.sampled
    assert 0.8 < full.bytes_per_row / (4 * made.fitted.outputs * per_row) < 1.05
    assert full.fidelity.gradient_cosine == pytest.approx(1)
    errors = {
        option_text(option): option.fidelity.gradient_error
        for option in plan.options
        if option.fidelity
    }
    assert (
        errors["threshold, 32 entries on average (unbiased)"]
        < 0.5 * (errors["threshold, 2 entries on average (unbiased)"])
    )

    monkeypatch.setattr(planning, "MOST_CELLS", 30 * made.fitted.outputs)
    some = project_plan(project, COPIES, 60).plan
    assert some.sampled == plan.sampled
    assert some.positions <= max(30, some.sampled)
    assert full_of_plan(some).bytes_per_row == pytest.approx(full.bytes_per_row, rel=0.1)
    kept = replace(project, softlabels=replace(project.softlabels, features="pooled"))
    # A piece has 16 numbers of 2 bytes, regardless of the positions in the sample.
    pieces = made.examples.read()["starts"].list.len().mean()
    after = project_plan(kept, COPIES, 60).plan
    assert after.whole.thinned > 1.5
    for before, option in zip(some.options, after.options, strict=True):
        assert 0.7 < (option.bytes_per_row - before.bytes_per_row) / (32 * pieces) < 1.8


def test_teachers_with_other_preprocessing_answer_about_the_same_examples(
    project: Project, tmp_path: Path
) -> None:
    frame = project.examples.read()
    other = fit_encoder(frame.head(7), "image", CLASSES, (8, 8, 1))
    path = tmp_path / "teachers" / "member_1"
    assert read_encoder(path, PREPROCESSOR) != other
    write_encoder(other, path, PREPROCESSOR)
    jobs = planning.capture_jobs(
        project.examples,
        project.encoder,
        teacher_refs(project.teachers, project.inference),
        project.softlabels,
    )
    sampled = planning._sampled([one.inputs for one in jobs], 30)
    names = [[capture_input.row.example_id for capture_input in of_one] for of_one in sampled]
    keys = [[capture_input.row.input_key for capture_input in of_one] for of_one in sampled]
    assert len(names[0]) == 30
    assert names[0] == names[1]
    assert not set(keys[0]) & set(keys[1])
    assert (sampled[0][0].input() != sampled[1][0].input()).any()
