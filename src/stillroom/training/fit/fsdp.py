"""Fully sharded training: FSDP2 (torch's `fully_shard`) as one of Lightning's strategies.

    every process ──its share of weights, gradients and optimiser state──> whole on rank 0 in
                                                                           checkpoints

Lightning's own FSDP strategy takes GPUs alone and writes pickles; this one runs wherever
`torch.distributed` does and keeps checkpoints in the one format that there is.
"""

from pathlib import Path
from typing import Any

from lightning.pytorch.strategies import ModelParallelStrategy
from torch import nn

from stillroom.training.fit.checkpoint import read_tree


class FullySharded(ModelParallelStrategy):
    """Shards the learner's model over all processes."""

    def __init__(self, processes: int) -> None:
        """Shard over `processes`, without tensor parallelism."""
        super().__init__(
            data_parallel_size=processes, tensor_parallel_size=1, save_distributed_checkpoint=False
        )

    def load_checkpoint(self, checkpoint_path: Any, weights_only: bool | None = None) -> Any:
        """Give each process its share of a checkpoint's weights and optimiser state."""
        from torch.distributed.checkpoint.state_dict import (
            StateDictOptions,
            set_model_state_dict,
            set_optimizer_state_dict,
        )

        checkpoint = read_tree(Path(checkpoint_path))
        whole, model = StateDictOptions(full_state_dict=True), self.model
        if model is None:
            raise RuntimeError("a checkpoint is loaded once the model is set up, and it is not")
        set_model_state_dict(model, checkpoint.pop("state_dict"), options=whole)
        states = checkpoint.pop("optimizer_states")
        for optimizer, state in zip(self.optimizers, states, strict=True):
            set_optimizer_state_dict(model, optimizer, _named(state, model), options=whole)
        return checkpoint


def shard(model: nn.Module, mesh: Any) -> None:
    """Shard each layer that holds layers of its own in a list, then the rest."""
    from torch.distributed.fsdp import fully_shard

    for part in model.modules():
        if isinstance(part, nn.ModuleList):
            for layer in part:
                fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)


def _named(state: dict[str, Any], model: nn.Module) -> dict[str, Any]:
    """Return an optimiser's state by the names of the weights, not by their numbers."""
    names = [name for name, _ in model.named_parameters()]
    return {
        "state": {names[number]: values for number, values in state["state"].items()},
        "param_groups": [
            {**group, "params": [names[number] for number in group["params"]]}
            for group in state["param_groups"]
        ],
    }
