"""`make bench` runs all benchmarks, or the named ones, prints a table and writes JSON.

python -m benchmarks [startup] [reproducibility] [gain] [training] [objectives] [softlabels]
                     [training_memory] [sentence] [texts] [hinton] [chat] [lm] ──> build/bench.json
python -m benchmarks codecs ──> tables that compare codecs, without bounds
"""

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.every import BENCHMARKS, DATA, measured
from benchmarks.project import Figure
from benchmarks.softlabels.answers import answered
from benchmarks.softlabels.codecs import compare
from benchmarks.softlabels.gemma import MissingError

VERDICTS = {True: "met", False: "MISSED", None: "no bound"}
# `softlabels` runs four of them. Hinton's table takes two hours and has a target of its own,
# `make hinton`; `texts` takes half an hour.
PARTS = (
    "throughput",
    "text",
    "increments",
    "memory",
    "hinton",
    "sentence",
    "texts",
    "adapters",
    "gsm8k",
    "chat_speed",
    "gap",
    "gradients",
)
# Short names and what they stand for: `make bench-lm` passes `lm`, `make bench-chat` passes `chat`.
SEVERAL = {"lm": ("gap", "gradients", "throughput"), "chat": ("chat_speed", "adapters", "gsm8k")}


def main(names: list[str]) -> int:
    """Run the benchmarks; return 1 where a bound is missed."""
    if names == ["codecs"]:
        return print_codecs()
    console = Console()
    figures: list[Figure] = []
    given = names or [name for name in BENCHMARKS if name not in PARTS]
    for name in [part for one in given for part in SEVERAL.get(one, (one,))]:
        if name not in BENCHMARKS:
            allowed = f"{', '.join((*BENCHMARKS, *SEVERAL))}, or codecs"
            console.print(f"{name} is not a benchmark. Allowed: {allowed}.")
            return 2
        console.print(f"[dim]{name} …[/dim]")
        # Each runs in its own process, so that the next one does not count the memory it leaves.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            figures += alone.submit(measured, name).result()
    table = Table("figure", "measured", "must be", "")
    for figure in figures:
        table.add_row(figure.name, figure.measured, figure.bound, VERDICTS[figure.met])
    console.print(table)
    path = Path("build") / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([figure.to_json() for figure in figures], indent=2) + "\n")
    console.print(f"{path} has the numbers.")
    return 1 if any(figure.met is False for figure in figures) else 0


def print_codecs() -> int:
    """Print the comparison of codecs; return 1 where what it needs is missing."""
    try:
        with answered(DATA) as answers:
            print(compare(answers))
    except MissingError as error:
        print(f"not measured: {error.why}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
