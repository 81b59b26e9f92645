"""`make bench`: run every benchmark, or those named; print a table and write JSON.

python -m benchmarks [startup] [reproducibility] [gain] ──> build/bench.json
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.gain import measure_gain
from benchmarks.project import Figure
from benchmarks.reproducibility import measure_reproducibility
from benchmarks.startup import measure_startup

BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "startup": measure_startup,
    "reproducibility": measure_reproducibility,
    "gain": measure_gain,
}


def main(names: list[str]) -> int:
    """Run the benchmarks; return 1 where a bound is missed."""
    console = Console()
    figures: list[Figure] = []
    for name in names or BENCHMARKS:
        if name not in BENCHMARKS:
            console.print(f"{name} is not a benchmark. Allowed: {', '.join(BENCHMARKS)}.")
            return 2
        console.print(f"[dim]{name} …[/dim]")
        figures += BENCHMARKS[name]()
    table = Table("figure", "measured", "must be", "")
    for figure in figures:
        table.add_row(figure.name, figure.measured, figure.bound, "met" if figure.met else "MISSED")
    console.print(table)
    path = Path("build") / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([figure.to_json() for figure in figures], indent=2) + "\n")
    console.print(f"{path} has the numbers.")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
