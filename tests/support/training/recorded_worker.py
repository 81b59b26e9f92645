"""The real worker, which records each step: python recorded_worker.py job.json log [step signal].

Each step that begins is a line of the log: the fit, the step, and the keys of its rows (hashes of
their inputs). Where a step and a signal are given, the process sends itself the signal a moment
after that step begins. So the signal can arrive in the step, while a checkpoint is written, or
after it.
"""

import hashlib
import os
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any


def main(job: Path, log: Path, at: int | None = None, number: int = 0) -> int:
    # Imported here: a loading process is spawned with this module and needs neither.
    from stillroom.training.fit.lit_module import LitModule
    from stillroom.training.process import worker

    real = LitModule.on_train_batch_start
    seen = 0

    def recording(self: Any, batch: Any, index: int) -> None:
        nonlocal seen
        keys = [hashlib.sha256(row.numpy().tobytes()).hexdigest()[:12] for row in batch.inputs]
        with log.open("a") as file:
            file.write(f"{self.name} {self.current_epoch}.{index} {','.join(keys)}\n")
        real(self, batch, index)
        if seen == at:
            threading.Thread(target=_send, args=[number], daemon=True).start()
        seen += 1

    LitModule.on_train_batch_start = recording  # type: ignore[method-assign]
    return worker.main(job)


def forked_main(job: Path, log: Path, errors: Path, at: int | None, number: int) -> None:
    """Run the worker in a forked process, with its standard error appended to a file."""
    file = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 2)
    sys.exit(main(job, log, at, number))


def forked_rank(job: Path, rank: int, environment: dict[str, str]) -> None:
    """Run one of several workers in a forked process, as torchrun would start it."""
    import torch

    from stillroom.training.process import worker

    os.environ.update(environment)
    worker.RANK = rank  # the fork server has imported the module without a rank
    code = worker.main(job)
    assert torch.distributed.get_world_size() == int(environment["WORLD_SIZE"])
    sys.exit(code)


def _send(number: int) -> None:
    time.sleep(random.uniform(0, 0.03))
    os.kill(os.getpid(), number)


if __name__ == "__main__":
    job_file, log_file, *step_and_signal = sys.argv[1:]
    sys.exit(main(Path(job_file), Path(log_file), *map(int, step_and_signal)))
