"""Hinton's table on real MNIST, measured here: an hour and a half or two on 2 cores, in steps.

    teacher once ──> three seeds of student and control ──> without a single 3 ──> 3% of the data

Source of the paper's numbers: Hinton, Vinyals and Dean (2015), arXiv 1503.02531, sections 3 and 6.
It runs in build/hinton and keeps what is done: after a kill, the same command goes on, a model from
its last checkpoint. After any change of code or configuration it starts from the beginning.
"""

import json
import os
from pathlib import Path
from statistics import mean

from benchmarks.done import Done, Result, done_in
from benchmarks.project import ROOT, Figure, copy_project, kedro

HERE = ROOT / "build" / "hinton"
SEEDS = range(3)
TEACHER_BOUND, STUDENT_BOUND, OMIT_BOUND = 80, 85, 130
THREES, THREES_SHARE = 1010, 0.97
TESTED = 10_000


def measure_hinton(data: Path) -> list[Figure]:
    """Run the unfinished steps and return the table."""
    folder = (ROOT / data / "mnist").resolve()
    if not (folder / "train-images-idx3-ubyte.gz").is_file():
        return [Figure("Hinton's table on MNIST", f"not measured: {folder} has no MNIST", "", None)]
    done = _prepared()
    common = f"data.path={folder},trainer.threads={os.cpu_count()},evaluate.seeds=1"
    table = f"groups.experiment=hinton_mnist,{common}"
    done.once("teacher", lambda: _run("ingest,teachers,capture", table))
    seeds = [
        done.once(f"seed {seed}", lambda s=seed: _student(f"{table},student.seed={s}"))
        for seed in SEEDS
    ]
    omit = done.once("omit 3", lambda: _student(f"groups.experiment=hinton_omit_3,{common}"))
    few = done.once("3 percent", lambda: _student(f"groups.experiment=hinton_3_percent,{common}"))
    return [*_of_seeds(seeds), *_of_threes(omit), _of_few(few)]


def _prepared() -> Done:
    """Copy the project; return its finished steps, and none of another state of the project."""
    done = done_in(HERE, ("src", "conf"))
    copy_project(HERE)
    return done


def _run(stages: str, parameters: str) -> Result:
    kedro(HERE, "run", f"--pipelines={stages}", f"--params={parameters}")
    return {}


def _student(parameters: str) -> Result:
    """Train and evaluate a student and its control; return errors, and those on threes."""
    _run("train,evaluate", parameters)
    metrics = json.loads((HERE / "data/07_reports/metrics.json").read_text())
    confusion = json.loads((HERE / "data/07_reports/plots/confusion.json").read_text())
    result: Result = {}
    for model in ("teacher", "control", "student"):
        rows = [r for r in confusion if r["model"] == model and r["actual"] == "3"]
        right = sum(r["predicted"] == "3" for r in rows)
        result[model] = {
            "errors": round(TESTED * (1 - metrics[model]["accuracy"])),
            "accuracy": metrics[model]["accuracy"],
            "threes_right": right,
            "threes": len(rows),
        }
    return result


def _of_seeds(seeds: list[Result]) -> list[Figure]:
    errors = {m: [run[m]["errors"] for run in seeds] for m in ("teacher", "control", "student")}
    teacher, student = errors["teacher"][0], mean(errors["student"])
    alone = mean(errors["control"])
    return [
        Figure(
            "MNIST test errors, teacher (Hinton: 67)",
            str(teacher),
            f"<= {TEACHER_BOUND}",
            teacher <= TEACHER_BOUND,
        ),
        Figure(
            "MNIST test errors, 2 x 800 alone, mean of 3 seeds (Hinton: 146)",
            f"{alone:.1f}",
            "as it comes",
            None,
            {"errors": errors["control"]},
        ),
        Figure(
            "MNIST test errors, 2 x 800 distilled, mean of 3 seeds (Hinton: 74)",
            f"{student:.1f}",
            f"<= {STUDENT_BOUND}",
            student <= STUDENT_BOUND,
            {"errors": errors["student"]},
        ),
    ]


def _of_threes(run: Result) -> list[Figure]:
    student = run["student"]
    share = student["threes_right"] / student["threes"]
    return [
        Figure(
            "without a single 3: test threes that the student gets right (Hinton: 98.6%)",
            f"{share:.1%} of {student['threes']:,}",
            f">= {THREES_SHARE:.0%} of {THREES:,}",
            share >= THREES_SHARE and student["threes"] == THREES,
            run,
        ),
        Figure(
            "without a single 3: errors in all (Hinton: 109)",
            str(student["errors"]),
            f"<= {OMIT_BOUND}",
            student["errors"] <= OMIT_BOUND,
        ),
    ]


def _of_few(run: Result) -> Figure:
    soft, hard = run["student"]["accuracy"], run["control"]["accuracy"]
    return Figure(
        "3% of the data: accuracy with soft and with hard targets (Hinton, speech: 57.0, 44.5)",
        f"{soft:.2%}, {hard:.2%}",
        "as it comes",
        None,
        run,
    )
