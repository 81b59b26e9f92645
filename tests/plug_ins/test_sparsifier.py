"""A sparsifier from a package of the tests' own, from the parameters to a loss."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from support.examples.image_examples import image_examples, soft_labels, untrained_teachers
from support.plug_in.install import install, installed
from support.softlabels.dense_reference import entropy, softmax
from support.softlabels.linear_teachers import Captured, capture, fill, linear, token_inputs
from support.training.dataset_factories import epoch_of, source
from support.training.jobs import OBJECTIVE, a_fit

from stillroom.config.compose import compose
from stillroom.config.schema import SoftLabels
from stillroom.errors import ConfigError, SoftLabelError
from stillroom.registry import registry_of
from stillroom.softlabels.format.manifest import read_manifest
from stillroom.softlabels.plan.grid import candidates
from stillroom.softlabels.reading.set_table import set_table
from stillroom.softlabels.sparsify.candidate_grid import CandidateGrid
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.pilot import Pilot
from stillroom.softlabels.store.store import Store
from stillroom.softlabels.verify.verify import verify
from stillroom.teachers.softlabels_config import sparsifier_of
from stillroom.training.build_loss import build_loss

CHOICE = {"groups": {"softlabels": "nucleus"}}
COMBINED = {"combine": "capture"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """The folder into which the package is installed."""
    with installed(install(tmp_path / "site")) as folder:
        yield folder


def nucleus(mass: float = 0.9, temperature: float = 1.0) -> Any:
    return registry_of("sparsifiers").load("nucleus")(mass=mass, temperature=temperature)


def made(folder: Path, mass: float = 0.9) -> Captured:
    return capture(folder, members=1, sparsifier=nucleus(mass), inputs=token_inputs(40))


def refusal(project: Path, **labels: object) -> str:
    with pytest.raises(ConfigError) as raised:
        compose(project, CHOICE | {"softlabels": COMBINED | labels})
    return str(raised.value)


def test_the_heads_are_the_fewest_classes_with_the_mass(site: Path, tmp_path: Path) -> None:
    captured = made(tmp_path / "set")
    p = softmax(captured.dense(0))
    falling = np.sort(p, axis=1)[:, ::-1]
    counts = (falling.cumsum(axis=1) < 0.9).sum(axis=1) + 1
    stored = captured.labels.distributions(captured.capture_inputs.names, 1.0)
    assert stored.counts.tolist() == counts.tolist()
    dense = stored.dense()
    assert np.abs(dense - p)[dense > 0].max() < 1e-6
    assert (stored.masses >= 0.9 - 1e-6).all()
    rows = captured.labels.shard_table(0, captured.labels.manifest.members[0].shards[0])
    assert rows.schema.names[6:] == ["ids", "positions", "p", "entropy", "log_p_label"]
    own = np.concatenate(rows["entropy"].to_pylist())
    assert np.abs(own - entropy(p)[: len(own)]).max() < 1e-5


def test_verify_accepts_the_set_and_refuses_a_wrong_teacher(site: Path, tmp_path: Path) -> None:
    captured = made(tmp_path / "set")
    (finding,) = verify(
        captured.labels, captured.members, [captured.capture_inputs], lambda rows: None
    )
    assert finding.positions == len(captured.capture_inputs.labels)
    wrong = linear(9, nucleus(), 4)
    with pytest.raises(SoftLabelError, match="answer changed"):
        verify(captured.labels, [wrong], [captured.capture_inputs], lambda rows: None)


def test_it_is_read_only_at_its_temperature_and_not_as_a_mean_of_teachers(
    site: Path, tmp_path: Path
) -> None:
    captured = made(tmp_path / "set")
    names = captured.capture_inputs.names
    with pytest.raises(SoftLabelError, match=r"temperature 2 was not captured.*Use one of 1"):
        captured.labels.distributions(names, 2.0)
    with pytest.raises(SoftLabelError, match="largest classes is inexact"):
        capture(tmp_path / "two", members=2, sparsifier=nucleus())


def test_a_capture_of_every_logit_serves_it_without_a_teacher(site: Path, tmp_path: Path) -> None:
    store, inputs, teacher = Store(tmp_path / "store"), token_inputs(40), linear(1, Full())
    fill(teacher, store, inputs)
    teacher.seen.clear()
    shards = fill(teacher.keeping(nucleus()), store, inputs)
    assert teacher.seen == []
    alone = fill(linear(1, nucleus()), Store(tmp_path / "alone"), inputs)
    assert shards == alone


def test_show_states_its_numbers_and_the_missing_mass(site: Path, tmp_path: Path) -> None:
    out = StringIO()
    Console(file=out, width=250).print(set_table(made(tmp_path / "set").labels))
    text = out.getvalue()
    assert "nucleus (mass 0.9, temperature 1.0)" in text
    assert "the mass beyond 0.9 is known, not stored" in text
    assert "% missing" in text


def test_a_batch_has_the_loss_of_a_truncated_head(site: Path, tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    teachers = untrained_teachers(made, tmp_path / "t", 1)
    labels = soft_labels(made, teachers, tmp_path / "s", nucleus(0.5, 4.0))
    fit = a_fit(objective=OBJECTIVE)
    batch = epoch_of(source(made, labels).dataset_of(fit), 0)[0]
    assert batch.target is not None
    logits = torch.zeros(len(batch.labels), 3, dtype=torch.float64)
    loss = build_loss(fit, labels)(logits, batch.labels, batch.target)
    stored = batch.target.at(4.0).exp().double().numpy()
    kept, rest = stored > 0, 1 - stored.sum(axis=1)
    assert (rest > 0.01).all()
    head = np.where(kept, stored * np.log(np.where(kept, 3 * stored, 1)), 0).sum(axis=1)
    tail = rest * np.log(rest / (1 - kept.sum(axis=1) / 3))  # against the student's own rest
    assert loss.item() == pytest.approx(0.1 * np.log(3) + 0.9 * 16 * (head + tail).mean(), rel=1e-5)


def test_its_choice_composes_to_it(site: Path, project: Path) -> None:
    composed = compose(project, CHOICE | {"softlabels": {"mass": 0.75} | COMBINED})
    assert sparsifier_of(SoftLabels(**composed["softlabels"])) == nucleus(0.75, 4.0)


def test_its_options_are_checked_before_anything_runs(site: Path, project: Path) -> None:
    assert refusal(project, mass=1.5).startswith("softlabels.mass is 1.5; it must be less than 1")
    assert refusal(project, mess=0.5) == (
        "softlabels.mess is not a parameter. Did you mean softlabels.mass? See `kedro params`."
    )
    assert refusal(project, temperature=2.0) == (
        "objective.temperature is 4.0, but nucleus soft labels are stored only for "
        "softlabels.temperature=2.0. Set both to one value, or set groups.softlabels=full."
    )


def test_another_sparsifier_does_not_take_its_option(site: Path, project: Path) -> None:
    with pytest.raises(ConfigError, match=r"softlabels\.mass is not a parameter"):
        compose(project, {"groups": {"softlabels": "topk"}, "softlabels": {"mass": 0.5}})


def test_without_the_package_the_set_is_refused_by_the_name_of_its_kind(tmp_path: Path) -> None:
    with installed(install(tmp_path / "site")):
        made(tmp_path / "set")
    with pytest.raises(SoftLabelError, match=r"its kind is nucleus.*If a package adds this kind"):
        read_manifest(tmp_path / "set")


def test_a_plan_tries_it(site: Path) -> None:
    pilot = Pilot()
    pilot.see(np.zeros((3, 50), np.float32), 4.0)
    tried = candidates(CandidateGrid(50, [pilot], (4.0,), 4.0))
    assert [one.label for one in tried][-3:] == ["nucleus 0.5", "nucleus 0.9", "nucleus 0.99"]
    assert tried[-1].params({}) == {"softlabels.mass": 0.99}
