"""Speed on chat data: the embedded conversations, a student from the cache over hard labels.

help conversations ──ingest, teachers, capture──> one cache ──StudentClock──> ratio
"""

import logging

from benchmarks.project import Figure, clean_project, kedro
from benchmarks.student_clock import StudentClock, over_hard_labels

ROUNDS, EPOCHS, SHARE = 7, 3, 0.1
BOUND = 0.95


def measure_chat_speed() -> list[Figure]:
    """Train the student of groups.experiment=chat on a share of its rows."""
    import lightning  # noqa: F401 - it sets its loggers' levels, which are raised below
    import torch

    torch.set_num_threads(1)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with clean_project() as project:
        settings = "groups.experiment=chat,teacher.epochs=1"
        kedro(project, "run", "--pipelines=ingest,teachers,capture", f"--params={settings}")
        runtime = {"groups": {"experiment": "chat"}, "teacher": {"epochs": 1}}
        student = StudentClock(project, EPOCHS, runtime, share=SHARE)
        return [over_hard_labels("the student of groups.experiment=chat", student, BOUND, ROUNDS)]
