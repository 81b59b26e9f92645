"""torchrun without its own report of a failure: its arguments in, the worker's exit code out.

    python -m stillroom.training.process.torchrun --nproc-per-node=2 -m stillroom.training job.json

A worker that fails reports the reason itself, in a file or by its traceback. torchrun would add
pages about how it started the worker.
"""

import logging
import sys

from torch.distributed import run
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError


def main(arguments: list[str]) -> int:
    """Run torchrun; return 0, or the exit code of the worker that failed first."""
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    try:
        run.main(arguments)
    except ChildFailedError as error:
        _, failure = error.get_first_failure()
        return int(failure.exitcode) or 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
