"""Memory probe: measures the memory of one model in a process of its own.

    python -m stillroom.assess.cost.memory_probe <model> <dtype> <device map> input.npy memory.json

The model is loaded twice. The first time imports modules and sets up what is set up once, so that
the second time measures the model alone.
"""

import gc
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from stillroom.config.schema import Inference
from stillroom.errors import user_message
from stillroom.evaluation.cost.footprint import CudaMemory, Gauge, ResidentMemory, footprint
from stillroom.evaluation.cost.memory import Memory, memory_of
from stillroom.evaluation.cost.workload import Forward, Inputs
from stillroom.io.json.json_files import write_json
from stillroom.models.forward.serving import serving
from stillroom.models.pretrained.model_directory import load_model, require_model_directory

MODULE = "stillroom.assess.cost.memory_probe"


def memory_alone(path: Path, inference: Inference, inputs: Inputs) -> Memory:
    """Return what a model takes to answer one example.

    Args:
        path: a model directory.
        inference: in which precision, and onto which device.
        inputs: [N, *shape], of which the first is run.

    Raises:
        DataError: there is no input.
        ModelError: the model cannot be opened, or the process failed; its message stands above.
    """
    require_model_directory(path)
    return memory_of(MODULE, [str(path), inference.dtype, inference.device_map], inputs)


def measure(path: Path, inference: Inference, inputs: Inputs) -> Memory:
    """Return what this process takes for a model, beside what it has taken so far."""

    def load() -> Forward:
        model = load_model(path, inference)
        # Files are mapped, and a page of them takes memory once it is read.
        for weights in model.parameters():
            weights.sum()
        return serving(model)

    return footprint(load, inputs, _prepared(path, inference))


def _prepared(path: Path, inference: Inference) -> Gauge:
    """Return what reads memory off, once everything but the model is there."""
    import torch

    model = load_model(path, inference)
    some = torch.ones(1, 64, 64, dtype=model.dtype, device=model.device)
    gauge: Gauge = CudaMemory() if some.is_cuda else ResidentMemory()
    # Threads, and the libraries' first kernels.
    torch.nn.functional.conv2d(some @ some, some[None, :, :3, :3])
    del model
    gc.collect()
    return gauge


def main(arguments: list[str]) -> int:
    """Measure the model that the arguments name; return the exit code."""
    path, dtype, device_map, one, result = arguments
    inference = Inference(dtype=dtype, device_map=device_map)  # type: ignore[arg-type]
    try:
        found = measure(Path(path), inference, np.load(one, allow_pickle=False))
    except Exception as error:
        told = user_message(error)
        if told is None:
            raise
        print(told, file=sys.stderr)
        return 1
    write_json(Path(result), asdict(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
