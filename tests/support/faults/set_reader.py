"""A reader of hostile sets: each is read in a process of its own, which writes how it ended.

    python set_reader.py FOLDER ──> FOLDER/<case>/outcome.json: {"error", "message", "grown"}

A set is read as the stages do: opened, read whole, verified against its inputs and teacher.
"""

import json
import os
import resource
import signal
import sys
from pathlib import Path

from support.softlabels.linear_teachers import capture_inputs, linear

from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.store.store import read_capture
from stillroom.softlabels.verify.verify import verify

KIND = TopK(k=2, temperatures=(1.0,))
SECONDS = 60
STORE = "store"  # in the name of a case whose folder is a capture's, not a set's


def read(folder: Path) -> None:
    """Read a case as the stages read it."""
    if folder.name.startswith(STORE):
        read_capture(folder)
        return
    labels = SoftLabelSet(folder)
    labels.require_intact()
    verify(labels, [linear(1, KIND)], [capture_inputs()], lambda rows: None)


def outcome(folder: Path) -> dict[str, object]:
    """Return how reading ended, and the growth of its peak memory, in bytes."""
    before = resident("VmRSS")
    result: dict[str, object] = {"error": "none", "message": ""}
    try:
        read(folder)
    except BaseException as error:
        result = {"error": type(error).__name__, "message": str(error)}
    return result | {"grown": resident("VmHWM") - before}


def resident(name: str) -> int:
    """Return a number of /proc/self/status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


def main(folder: Path) -> None:
    """Read every case below a folder."""
    for case in sorted(path for path in folder.iterdir() if path.is_dir()):
        child = os.fork()
        if child == 0:
            signal.alarm(SECONDS)
            # This limit protects the machine; a case that exceeds it fails under its own name.
            resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))
            (case / "outcome.json").write_text(json.dumps(outcome(case)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code:
            ended = {"error": f"ended with {code}", "message": "", "grown": 0}
            (case / "outcome.json").write_text(json.dumps(ended))


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    import pyarrow as pa

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    main(Path(sys.argv[1]))
