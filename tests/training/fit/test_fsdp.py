"""Sharding: which modules are sharded, and an optimiser's state by name.

`test_fit_model` tests sharding with two processes.
"""

from typing import Any

import pytest
import torch
from torch import nn

from stillroom.training.fit import fsdp
from stillroom.training.fit.fsdp import FSDP2Strategy, _named, shard


class Stack(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
        self.head = nn.Linear(2, 1)


def test_layers_in_a_list_are_sharded_one_by_one_and_the_rest_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, seen = Stack(), []
    monkeypatch.setattr(
        torch.distributed.fsdp, "fully_shard", lambda part, mesh: seen.append((part, mesh))
    )
    shard(model, "mesh")
    assert seen == [(model.layers[0], "mesh"), (model.layers[1], "mesh"), (model, "mesh")]


def test_an_optimisers_state_is_known_by_the_names_of_its_weights() -> None:
    model = Stack()
    state: dict[str, Any] = {
        "state": {0: {"step": 3}, 5: {"step": 4}},
        "param_groups": [{"lr": 0.1, "params": [0, 1, 2, 3, 4, 5]}],
    }
    named = _named(state, model)
    assert named["state"] == {"layers.0.weight": {"step": 3}, "head.bias": {"step": 4}}
    assert named["param_groups"][0]["params"] == [name for name, _ in model.named_parameters()]
    assert named["param_groups"][0]["lr"] == 0.1


def test_a_checkpoint_before_the_model_is_set_up_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fsdp, "read_tree", lambda path: {})
    with pytest.raises(RuntimeError, match="before the strategy had set up"):
        FSDP2Strategy(2).load_checkpoint("somewhere")
