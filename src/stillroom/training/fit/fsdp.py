"""Fully sharded training: FSDP2 (torch's `fully_shard`) as one of Lightning's strategies.

    every process ──its share of weights, gradients and optimiser state──> whole on rank 0 in
                                                                           checkpoints

Lightning's own FSDP strategy needs GPUs and writes pickles. This one runs wherever
`torch.distributed` runs, and writes checkpoints in the same format as every other strategy.
"""

from pathlib import Path
from typing import Any

from lightning.pytorch.strategies import ModelParallelStrategy
from torch import nn

from stillroom.training.fit.checkpoint import read_tree


class FSDP2Strategy(ModelParallelStrategy):
    """Shards the model of the Lightning module over all processes."""

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
            raise RuntimeError("a checkpoint was loaded before the strategy had set up the model")
        set_model_state_dict(model, checkpoint.pop("state_dict"), options=whole)
        states = checkpoint.pop("optimizer_states")
        for optimizer, state in zip(self.optimizers, states, strict=True):
            set_optimizer_state_dict(model, optimizer, _named(state, model), options=whole)
        return checkpoint


def shard(model: nn.Module, mesh: Any) -> None:
    """Shard each layer of every list of layers on its own, then the rest of the model."""
    from torch.distributed.fsdp import fully_shard

    for module in model.modules():
        if isinstance(module, nn.ModuleList):
            for layer in module:
                fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)


def _named(state: dict[str, Any], model: nn.Module) -> dict[str, Any]:
    """Return an optimiser's state keyed by the names of the weights, not by their numbers."""
    names = [name for name, weight in model.named_parameters() if weight.requires_grad]
    return {
        "state": {names[number]: values for number, values in state["state"].items()},
        "param_groups": [
            {**group, "params": [names[number] for number in group["params"]]}
            for group in state["param_groups"]
        ],
    }
