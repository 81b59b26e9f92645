"""The resume state: what a fit depends on; only an equal fit reuses a finished one."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.examples.image_examples import ImageExamples, image_examples, other_encoder
from support.training.jobs import OBJECTIVE, a_fit, a_job, a_trainer, fitted

from stillroom.config.code_digest.closure import SourceTree
from stillroom.config.code_digest.digest import CodeDigests
from stillroom.config.schema import Adapter
from stillroom.data.encoders import read_encoder
from stillroom.io.json.json_files import read_json
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import save_model
from stillroom.training import resume_state
from stillroom.training.job import Job, LiveConfig, Start
from stillroom.training.resume_state import (
    ResumeState,
    differing,
    gather_models,
    resume_state_of,
    shared_ingredients,
)

RECORDS = [{"model": "student", "epoch": 1}]


@pytest.fixture
def made(tmp_path: Path) -> ImageExamples:
    return image_examples(tmp_path)


def of(one: Job) -> ResumeState:
    return resume_state_of(one, one.fits[0], shared_ingredients(one))


def test_equal_jobs_depend_on_equal_things(made: ImageExamples, tmp_path: Path) -> None:
    assert (
        of(a_job(made, tmp_path / "job")).ingredients
        == of(a_job(made, tmp_path / "job")).ingredients
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"fits": [a_fit(seed=1)]}, "seed"),
        ({"fits": [a_fit(optimisation=fitted(lr=0.5))]}, "optimisation"),
        ({"fits": [a_fit(objective=OBJECTIVE)]}, "objective"),
        ({"fits": [a_fit(share=0.5)]}, "share"),
        ({"trainer": a_trainer(precision="bf16")}, "trainer"),
        ({"trainer": a_trainer(memory_gb=0.1)}, "trainer"),
        ({"trainer": a_trainer(devices=2)}, "trainer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_learning_depends_on_is_named(
    made: ImageExamples, tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    before, after = of(a_job(made, tmp_path / "job")), of(a_job(made, tmp_path / "job", **change))
    assert differing(before.ingredients, after.ingredients) == [named]


def test_what_only_costs_time_or_memory_is_left_out(made: ImageExamples, tmp_path: Path) -> None:
    other = a_trainer(threads=2, workers=1, checkpoint_steps=7, gradient_checkpointing=True)
    before, after = (a_job(made, tmp_path / "job"), a_job(made, tmp_path / "job", trainer=other))
    assert of(before).ingredients == of(after).ingredients


def test_learning_depends_on_what_the_encoder_does(made: ImageExamples, tmp_path: Path) -> None:
    before = shared_ingredients(a_job(made, tmp_path / "job"))
    again, other = tmp_path / "again", other_encoder(made, tmp_path / "other", mean=(0.25,))
    shutil.copytree(made.encoder, again)
    assert shared_ingredients(a_job(made, tmp_path / "job", encoder=str(again))) == before
    after = shared_ingredients(a_job(made, tmp_path / "job", encoder=str(other)))
    assert differing(before, after) == ["encoder"]


def test_rows_soft_labels_and_teachers_are_known_by_their_content(
    made: ImageExamples, tmp_path: Path
) -> None:
    before = shared_ingredients(a_job(made, tmp_path / "job"))
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "manifest.json").write_text("{}")
    save_model(
        build("mlp", {"hidden": [2]}, made.shape, 0), read_encoder(made.encoder), tmp_path / "t"
    )
    live = LiveConfig(teachers=[str(tmp_path / "t")], shares=[1.0], mean="logit", combine="read")
    after = shared_ingredients(
        a_job(made, tmp_path / "job", soft_labels=str(tmp_path / "set"), live=live)
    )
    assert differing(before, after) == ["live", "soft_labels"]
    save_model(
        build("mlp", {"hidden": [2]}, made.shape, 1), read_encoder(made.encoder), tmp_path / "t"
    )
    other = shared_ingredients(
        a_job(made, tmp_path / "job", soft_labels=str(tmp_path / "set"), live=live)
    )
    assert differing(after, other) == ["live"]
    made.examples.path.write_bytes(made.examples.path.read_bytes() + b" ")
    assert differing(before, shared_ingredients(a_job(made, tmp_path / "job"))) == ["examples"]


LORA = Adapter(kind="lora", rank=8, alpha=16, dropout=0.0, targets=None)
START = Start(path="models/small", weights="a" * 64, architecture="b" * 64)


def test_learning_depends_on_the_adapter_the_version_of_its_library_and_the_base(
    made: ImageExamples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ingredients(**changes: Any) -> dict[str, Any]:
        return of(a_job(made, tmp_path / "job", fits=[a_fit(**changes)])).ingredients

    monkeypatch.setattr(resume_state, "version", lambda name: "1.0")
    without, adapted = ingredients(start=START), ingredients(start=START, adapter=LORA)
    assert differing(without, adapted) == ["adapter"]
    other = ingredients(start=START, adapter=replace(LORA, rank=4))
    assert differing(adapted, other) == ["adapter"]
    renamed = replace(START, path="elsewhere", hub_id="me/small")
    assert ingredients(start=renamed, adapter=LORA) == adapted
    changed = replace(START, weights="c" * 64)
    assert differing(adapted, ingredients(start=changed, adapter=LORA)) == ["start"]
    monkeypatch.setattr(resume_state, "version", lambda name: "2.0" if name == "peft" else "1.0")
    assert differing(adapted, ingredients(start=START, adapter=LORA)) == ["adapter"]


@pytest.mark.parametrize(
    "trainer", [{"threads": 2}, {"workers": 4}, {"checkpoint_steps": 3}], ids=str
)
def test_what_learning_does_not_depend_on_leaves_a_state_alone(
    made: ImageExamples, tmp_path: Path, trainer: dict[str, Any]
) -> None:
    other = a_job(made, tmp_path / "job", trainer=a_trainer(**trainer))
    assert of(other).ingredients == of(a_job(made, tmp_path / "job")).ingredients


def test_a_finished_fit_is_its_own_alone_and_only_with_its_model(
    made: ImageExamples, tmp_path: Path
) -> None:
    place = of(a_job(made, tmp_path / "job"))
    assert place.records() is None
    place.folder.mkdir(parents=True)
    place.checkpoint.touch()
    place.finish(RECORDS)
    assert not place.checkpoint.exists()
    assert place.records() is None  # the model is missing
    place.best.mkdir()
    assert place.records() == RECORDS
    assert of(a_job(made, tmp_path / "job", fits=[a_fit(seed=1)])).records() is None


def test_models_are_gathered_under_the_names_of_their_fits(
    made: ImageExamples, tmp_path: Path
) -> None:
    plain, balanced = a_fit("plain"), replace(a_fit("balanced"), balance=(1,))
    both = a_job(made, tmp_path / "job", fits=[plain, balanced])
    for name, results in (("plain", ["best"]), ("balanced", ["best", "balanced"])):
        for result in results:
            folder = tmp_path / "job" / name / result
            folder.mkdir(parents=True)
            (folder / "which").write_text(result)
    gather_models(both, tmp_path / "models")
    written = (tmp_path / "models").rglob("which")
    gathered = {path.parent.name: path.read_text() for path in written}
    assert gathered == {"plain": "best", "balanced": "balanced"}
    assert (tmp_path / "job" / "plain" / "best" / "which").exists()  # until it is released


def test_a_kept_fit_is_gathered_with_the_name_that_its_base_has_now(
    made: ImageExamples, tmp_path: Path
) -> None:
    pytest.importorskip("peft", reason="make extras")  # its version is an ingredient
    config = tmp_path / "job" / "student" / "best" / "adapter" / "adapter_config.json"
    config.parent.mkdir(parents=True)
    config.write_text('{"base_model_name_or_path": "me/old", "r": 8}')
    for hub_id in ("me/small", None):
        fit = a_fit(start=replace(START, hub_id=hub_id), adapter=LORA)
        target = tmp_path / f"models of {hub_id}".replace("/", "_")
        gather_models(a_job(made, tmp_path / "job", fits=[fit]), target)
        gathered = read_json(target / "student" / "adapter" / "adapter_config.json")
        assert gathered == {"base_model_name_or_path": hub_id, "r": 8}


def test_learning_depends_on_the_workers_code_and_not_on_its_prose(
    project: Path, made: ImageExamples, tmp_path: Path
) -> None:
    def code() -> str:
        tree = SourceTree(project / "src" / "stillroom")
        return CodeDigests(tree).of(
            ["stillroom.training.__main__", "stillroom.training.process.torchrun"]
        )

    before = code()
    assert shared_ingredients(a_job(made, tmp_path / "job"))["code"] == before
    module = project / "src/stillroom/training/fit/optimiser.py"
    source = module.read_text()
    module.write_text(source.replace('"""', '"""In other words: ', 1) + "# The end.\n")
    (project / "src/stillroom/reporting/page.py").write_text("x = 1\n")  # no worker imports it
    assert code() == before
    module.write_text(source + "x = 1\n")
    assert code() != before
