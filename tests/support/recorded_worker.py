"""The real worker with an ear at each step: python recorded_worker.py job.json log [step signal].

Each step that begins is a line of the log: the fit, the step, and the keys of its rows (hashes of
their inputs). The process sends itself the signal a moment after the step that it is told begins,
so that it falls anywhere: in the step, in a checkpoint that is being written, or after it.
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
    # Here: a loading process is spawned with this module, and needs neither.
    from stillroom.training.fit.lit_module import Learner
    from stillroom.training.process import worker

    real = Learner.on_train_batch_start
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

    Learner.on_train_batch_start = recording  # type: ignore[method-assign]
    return worker.main(job)


def _send(number: int) -> None:
    time.sleep(random.uniform(0, 0.03))
    os.kill(os.getpid(), number)


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(Path(given[0]), Path(given[1]), *map(int, given[2:])))
