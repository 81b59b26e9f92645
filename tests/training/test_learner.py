"""The learner: its schedule by hand, and which epoch's weights are kept."""

import math

import pytest
import torch
from small_project import Shape

from stillroom.config.schema import Optimisation
from stillroom.errors import StillroomError
from stillroom.models.table import build
from stillroom.objectives.mixture import HardLabels
from stillroom.training.learner import Learner

HOW = Optimisation(epochs=1, batch_size=4, lr=0.1, weight_decay=0.0, warmup=0.2)


def learner(steps: int = 10) -> Learner:
    model = build("mlp", {"hidden": [4]}, Shape((3,), ("a", "b")), seed=0)
    return Learner("m", model, HardLabels(), HOW, steps=steps, shift=0, seed=0)


def test_the_rate_rises_in_a_fifth_of_the_steps_and_falls_as_a_cosine() -> None:
    shares = [learner().share_of_lr(step) for step in range(11)]
    assert shares[:3] == [0.5, 1.0, 1.0]
    assert shares[6] == pytest.approx(0.5)
    assert shares[4] == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)))
    assert shares[10] == pytest.approx(0.0)


def test_the_weights_of_the_lowest_validation_nll_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = learner()
    for epoch, (nll, weight) in enumerate([(0.9, 1.0), (0.3, 2.0), (0.5, 3.0)]):
        monkeypatch.setattr(Learner, "current_epoch", epoch)
        with torch.no_grad():
            subject.model.layers[0].weight.fill_(weight)
        subject._train = [torch.tensor(1.0)]
        subject._validation = [torch.tensor([[nll, nll], [1.0, 0.0]])]
        subject.on_train_epoch_end()
    assert subject.best["layers.0.weight"].unique().item() == 2.0
    assert [record["validation_nll"] for record in subject.records] == [0.9, 0.3, 0.5]
    assert [record["epoch"] for record in subject.records] == [1, 2, 3]
    assert {record["validation_accuracy"] for record in subject.records} == {0.5}


@pytest.mark.parametrize("nll", [math.nan, math.inf])
def test_a_model_that_diverges_is_named_with_its_learning_rate(
    monkeypatch: pytest.MonkeyPatch, nll: float
) -> None:
    subject = learner()
    monkeypatch.setattr(Learner, "current_epoch", 1)
    subject._train = [torch.tensor(1.0)]
    subject._validation = [torch.tensor([[nll], [0.0]])]
    with pytest.raises(StillroomError, match=r"m diverged in epoch 2.*now 0\.1"):
        subject.on_train_epoch_end()
