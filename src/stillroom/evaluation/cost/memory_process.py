"""Memory: measures in a process of its own what memory a model takes to answer one input.

    inputs [N, *shape] ──the first, as .npy──> fresh process ──JSON──> loaded, peak

Each model has a process of its own: see `peak_memory`. What the process holds before the model
(interpreter, torch, the architecture's code) is not counted.

On a CPU, the kernel counts the resident memory: all allocators, mapped files, threads and their
buffers. So the number depends on the number of threads, and includes pages that the allocator keeps
for later. The error is about a megabyte, which is also the result for a model without size. On
CUDA, torch's allocator counts tensors to the byte. It leaves out the context, which takes hundreds
of megabytes and is the same for all models.
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
    """The memory that a model adds to the process into which it is loaded.

    Attributes:
        loaded_bytes: the bytes after the model was loaded: its weights.
        peak_bytes: the peak while the model answered one example: weights and activations.
    """

    loaded_bytes: int
    peak_bytes: int

    @property
    def activation_bytes(self) -> int:
        """The memory that an answer takes in addition to the weights."""
        return self.peak_bytes - self.loaded_bytes


def memory_of(module: str, arguments: Sequence[str], inputs: Inputs) -> Memory:
    """Return the memory that a model takes, measured in a process of its own.

    Args:
        module: the module to run with `python -m`. It gets the arguments, the path of the input and
            the path of the result, to which it writes a `Memory` as JSON.
        arguments: the arguments that name the model.
        inputs: [N, *shape]; the model is run on the first.

    Raises:
        DataError: there is no input.
        ModelError: the process failed, and wrote its own message.
    """
    require_inputs(inputs)
    with TemporaryDirectory(prefix="stillroom-") as folder:
        one, result = Path(folder) / "input.npy", Path(folder) / "memory.json"
        np.save(one, np.ascontiguousarray(inputs[:1]), allow_pickle=False)
        run_measurement(module, [*arguments, str(one), str(result)])
        return Memory(**read_json(result))  # type: ignore[arg-type]


def run_measurement(module: str, arguments: Sequence[str]) -> None:
    """Run a module that measures memory, in a process of its own.

    Args:
        module: the module to run with `python -m`.
        arguments: its arguments.

    Raises:
        ModelError: it failed, and wrote its own message.
    """
    command = [sys.executable, "-m", module, *arguments]
    # The code of the running project comes first, since an editable install may belong to another
    # checkout.
    search = os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])])
    code = subprocess.run(command, env={**os.environ, "PYTHONPATH": search}, check=False).returncode
    if code:
        raise ModelError(
            f"the memory of the model could not be measured: {command[2]} ended with code {code}. "
            "Its own message is above this one. A negative code is the signal that ended it; -9 "
            "often means that the machine ran out of memory."
        )
