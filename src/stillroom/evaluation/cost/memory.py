"""Memory: a model directory and one input in, what a process takes to answer out.

    inputs [N, *shape] ──the first, as .npy──> fresh process ──JSON──> loaded, peak

Each model has a process of its own: see `footprint`. What is there before the model, interpreter,
torch and the architecture's code, is not counted.

On a CPU the kernel counts what is resident: all allocators, files that are mapped, threads and
their buffers; so the number of threads matters, and pages that the allocator keeps for later are
in it. It is right to about a megabyte, which is what a model of no size takes. On CUDA torch's
allocator counts tensors to the byte, and leaves out the context (hundreds of megabytes, the same
for all models).
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from stillroom.errors import ModelError
from stillroom.evaluation.cost.workload import Inputs, require_inputs
from stillroom.io.json.json_files import read_json

SOURCE = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Memory:
    """What a model takes beyond the process that it is loaded into.

    Attributes:
        loaded_bytes: after it was loaded: its weights.
        peak_bytes: the most while it answered one example: weights and activations.
    """

    loaded_bytes: int
    peak_bytes: int

    @property
    def activation_bytes(self) -> int:
        """What an answer takes beside the weights."""
        return self.peak_bytes - self.loaded_bytes


def memory_of(module: str, arguments: Sequence[str], inputs: Inputs) -> Memory:
    """Return what a model takes, measured in a process of its own.

    Args:
        module: run as `python -m`, with the arguments and then the path of the input and that of
            the result, in which it leaves a `Memory` as JSON.
        arguments: which model.
        inputs: [N, *shape]; the first is run.

    Raises:
        DataError: there is no input.
        ModelError: the process failed; its own message stands above.
    """
    require_inputs(inputs)
    with TemporaryDirectory(prefix="stillroom-") as folder:
        one, result = Path(folder) / "input.npy", Path(folder) / "memory.json"
        np.save(one, np.ascontiguousarray(inputs[:1]), allow_pickle=False)
        _run([sys.executable, "-m", module, *arguments, str(one), str(result)])
        return Memory(**read_json(result))  # type: ignore[arg-type]


def _run(command: list[str]) -> None:
    # The running project's own code first: an editable install may be that of another checkout.
    search = os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])])
    code = subprocess.run(command, env={**os.environ, "PYTHONPATH": search}, check=False).returncode
    if code:
        raise ModelError(
            f"memory could not be measured: {command[2]} ended with code {code}; its own message "
            "stands above. A negative code is the signal that killed it: -9 is often a lack of "
            "memory."
        )
