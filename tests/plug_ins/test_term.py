"""An objective term from a package of the tests' own, from the parameters to a trained student."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.examples.image_examples import image_examples, soft_labels, untrained_teachers
from support.plug_in.install import install, installed
from support.training.jobs import a_fit, a_job

from stillroom import objectives
from stillroom.config.compose import compose
from stillroom.config.schema import Objective
from stillroom.errors import ConfigError
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.training.build_loss import build_mixture
from stillroom.training.job import read_job
from stillroom.training.process.launch import train

CHOICE = {"groups": {"objective": "renyi"}}
P, Q = np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]]), np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder into which the package is installed, for this process and the worker."""
    folder = install(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    with installed(folder):
        yield folder


def renyi(p: Any, q: Any, alpha: float) -> Any:
    """Return the divergence of each row by its definition, where no probability is 0."""
    return np.log((p**alpha * q ** (1 - alpha)).sum(axis=1)) / (alpha - 1)


def objective(project: Path, alpha: float) -> Objective:
    values = {"alpha": alpha, "hard_weight": 0.0, "temperature": 1.0}
    return Objective(**compose(project, CHOICE | {"objective": values})["objective"])


def refusal(project: Path, runtime: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as raised:
        compose(project, runtime)
    return str(raised.value)


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.9])
def test_the_loss_of_its_choice_is_the_formula(site: Path, project: Path, alpha: float) -> None:
    mixture = build_mixture(objective(project, alpha), is_unbiased=False)
    (term,) = [term for _, term in mixture.terms]
    assert term.measure(torch.tensor(P).log(), torch.tensor(Q).log()).numpy() == pytest.approx(
        renyi(P, Q, alpha)
    )


def test_programs_use_it_by_its_name(site: Path) -> None:
    loss = objectives.distillation_loss(
        torch.tensor(Q).log(),
        torch.tensor(P).log(),
        torch.tensor([-1, -1]),
        terms={"renyi": 1.0},
        hard_weight=0.0,
        options={"alpha": 0.5},
    )
    assert loss.item() == pytest.approx(renyi(P, Q, 0.5).mean())


def test_an_outcome_without_probability_adds_nothing_to_loss_and_gradient(site: Path) -> None:
    from stillroom_example.term import renyi as torch_renyi

    log_p = torch.tensor([[0.5, 0.5, 0.0]], dtype=torch.float64).log()
    log_q = torch.tensor([[0.5, 0.25, 0.25]], dtype=torch.float64).log().requires_grad_()
    value = torch_renyi(log_p, log_q, 0.5)
    value.sum().backward()
    overlap = 0.5 + np.sqrt(0.5 * 0.25)  # sum of sqrt(p q)
    assert value.item() == pytest.approx(-2 * np.log(overlap))
    assert log_q.grad is not None
    assert log_q.grad[0, 2] == 0
    assert log_q.grad.isfinite().all()


def test_a_student_is_trained_with_it_in_the_worker(site: Path, project: Path) -> None:
    made = image_examples(project)
    teachers = untrained_teachers(made, project / "t", 1)
    labels = soft_labels(made, teachers, project / "s", TopK(k=2, temperatures=(1.0,)))
    hashes = set()
    for alpha in (0.1, 0.9):
        fit = a_fit(objective=objective(project, alpha), epochs=1)
        job = a_job(made, project / f"w{alpha}", fits=[fit], soft_labels=str(labels.folder))
        curves = train(job, project / f"m{alpha}")
        assert len(curves) == 1
        (read,) = read_job(project / f"w{alpha}" / "job.json").fits
        assert vars(read.objective)["alpha"] == alpha
        hashes.add(weights_hash(project / f"m{alpha}" / "student"))
    assert len(hashes) == 2


def test_its_name_and_its_option_are_checked_before_anything_runs(
    site: Path, project: Path
) -> None:
    words = refusal(project, CHOICE | {"objective": {"alpha": 1.0}})
    assert words.startswith("objective.alpha is 1.0; it must be less than 1")
    words = refusal(project, {"objective": {"terms": {"reny": 1.0}}})
    assert words.startswith(
        "objective.terms.reny is not a term. Did you mean objective.terms.renyi? Allowed: forward"
    )
    words = refusal(project, {"objective": {"terms": {"renyi": 1.0}}})
    assert words.startswith("objective.alpha is missing")
    assert "alpah is not a parameter. Did you mean objective.alpha?" in refusal(
        project, CHOICE | {"objective": {"alpah": 0.5}}
    )


def test_without_the_package_neither_name_nor_option_exists(project: Path) -> None:
    assert "groups.objective=renyi is not a choice" in refusal(project, CHOICE)
    words = refusal(project, {"objective": {"terms": {"renyi": 1.0}}})
    assert words.startswith("objective.terms.renyi is not a term")
