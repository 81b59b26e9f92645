"""Every benchmark by name, in a module of its own that another process can import.

name ──measured──> figures
"""

import os
from collections.abc import Callable
from pathlib import Path

from benchmarks.chat.adapters import measure_adapters
from benchmarks.chat.gain import measure_chat
from benchmarks.chat.speed import measure_chat_speed
from benchmarks.gain import measure_gain
from benchmarks.hinton import measure_hinton
from benchmarks.language.gap import measure_gap
from benchmarks.language.gradients import measure_gradients
from benchmarks.language.training_memory import measure_training_memory
from benchmarks.objectives.one_pass import measure_one_pass
from benchmarks.objectives.speed import measure_loss_speed
from benchmarks.project import Figure
from benchmarks.reproducibility import measure_reproducibility
from benchmarks.sentence import measure_sentence
from benchmarks.softlabels.all import measure_labels, measure_text, or_missing
from benchmarks.softlabels.increments import measure_increments
from benchmarks.softlabels.memory import measure_memory
from benchmarks.softlabels.throughput import measure_throughput
from benchmarks.startup import measure_startup
from benchmarks.texts import measure_texts
from benchmarks.training import measure_training

# The folder of the data. Each benchmark that needs data says what is missing.
DATA = Path(os.environ.get("DATA", "../shared/data"))

BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "startup": measure_startup,
    "reproducibility": measure_reproducibility,
    "gain": measure_gain,
    "training": measure_training,
    "training_memory": measure_training_memory,
    "objectives": lambda: [*measure_one_pass(), *measure_loss_speed()],
    "softlabels": lambda: measure_labels(DATA),
    "sentence": lambda: or_missing(measure_sentence, DATA),
    "texts": lambda: or_missing(measure_texts, DATA),
    "hinton": lambda: measure_hinton(DATA),
    "adapters": lambda: or_missing(measure_adapters, DATA),
    "gsm8k": lambda: or_missing(measure_chat, DATA),
    "chat_speed": measure_chat_speed,
    "gap": lambda: or_missing(measure_gap, DATA),
    "gradients": lambda: or_missing(measure_gradients, DATA),
    "throughput": lambda: or_missing(measure_throughput, DATA),
    "text": lambda: or_missing(measure_text, DATA),
    "increments": lambda: or_missing(measure_increments, DATA),
    "memory": lambda: or_missing(measure_memory, DATA),
}


def measured(name: str) -> list[Figure]:
    """Return a benchmark's figures."""
    return BENCHMARKS[name]()
