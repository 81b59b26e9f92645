"""Memory probe: measures the memory of one model in a process of its own.

    python -m stillroom.assess.cost.memory_probe <model> <dtype> <device map> input.npy memory.json

The model is loaded twice. The first load also pays for imports and one-time setup, so the second
load measures only the model.
"""

import gc
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from stillroom.config.schema import Inference
from stillroom.errors import user_message
from stillroom.evaluation.cost.memory_process import Memory, memory_of
from stillroom.evaluation.cost.peak_memory import CudaMemory, Gauge, ResidentMemory, footprint
from stillroom.evaluation.cost.workload import Forward, Inputs
from stillroom.io.json.json_files import write_json
from stillroom.io.printable import printable_lines
from stillroom.teachers.stored_teachers import kind_of, served

MODULE = "stillroom.assess.cost.memory_probe"


def memory_alone(path: Path, inference: Inference, inputs: Inputs) -> Memory:
    """Return the memory that a model takes to answer one example.

    Args:
        path: a model directory.
        inference: the precision and the device.
        inputs: [N, *shape]; the model runs on the first one.

    Raises:
        DataError: there is no input.
        ModelError: the model cannot be opened, or the process failed; it has printed the reason.
    """
    kind_of(path).identity(path)
    return memory_of(MODULE, [str(path), inference.dtype, inference.device_map], inputs)


def measure(path: Path, inference: Inference, inputs: Inputs) -> Memory:
    """Return the memory that a model takes in addition to what this process already uses."""

    def load() -> Forward:
        model = served(path, inference)
        # Weight files are memory-mapped, and a page takes memory only after it is read.
        model.read_weights()
        return model.run

    return footprint(load, inputs, _prepared(path, inference))


def _prepared(path: Path, inference: Inference) -> Gauge:
    """Load all that a model needs besides itself, and return the gauge of this process's memory."""
    import torch

    model = served(path, inference)
    dtype = getattr(torch, inference.dtype)
    some = torch.ones(1, 64, 64, dtype=dtype, device=model.device)
    gauge: Gauge = CudaMemory() if some.is_cuda else ResidentMemory()
    # This starts the threads and loads the kernels, which count as setup.
    torch.nn.functional.conv2d(some @ some, some[None, :, :3, :3])
    del model
    gc.collect()
    return gauge


def main(arguments: list[str]) -> int:
    """Measure the model that the arguments name; return the exit code."""
    path, dtype, device_map, one, result = arguments
    inference = Inference(dtype=dtype, device_map=device_map)  # type: ignore[arg-type]
    try:
        memory = measure(Path(path), inference, np.load(one, allow_pickle=False))
    except Exception as error:
        message = user_message(error)
        if message is None:
            raise
        print(printable_lines(message), file=sys.stderr)
        return 1
    write_json(Path(result), asdict(memory))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
