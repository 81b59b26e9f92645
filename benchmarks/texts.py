"""BANKING77: MiniLM with a fitted head teaches a perceptron over hashed text.

    all labels ──────────> teacher once ──> student and control, three seeds
    5 labels a class ────> for each seed: its own five, a teacher of only these ──> student, control
    all labels ──────────> DistilBERT's recipe: half of the teacher's layers, one seed

Every run is the experiment `text_intents`, or `text_intents_few`, in a clean copy of the project.
The test rows are the official ones. With 5 labels a class nothing is chosen by validation labels.
MINILM names the sentence encoder's folder, DATA the one that holds banking77.
"""

import json
import os
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import mean, stdev

from benchmarks.project import Figure, clean_project, kedro
from benchmarks.softlabels.gemma import MissingError

VARIABLE = "MINILM"
SEEDS = range(3)
PER_CLASS = 5
TENTH, ACCURACY, POINTS = 0.1, 77.0, 20.0
OUTSIDE, SPEED, KEPT = 0.6, 1.6, 0.97  # DistilBERT's own

Metrics = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Run:
    """The results of one seed."""

    metrics: Metrics
    cost: Metrics

    def points(self, model: str) -> float:
        """Return a model's accuracy on the test rows, in percent."""
        return 100 * self.metrics[model]["accuracy"]


def measure_texts(data: Path) -> list[Figure]:
    """Distil from MiniLM with all labels and with five of each class.

    Raises:
        MissingError: the encoder or the data are not there.
    """
    paths = _paths(data)
    common = f"groups.experiment=text_intents,{paths}"
    labels = f"groups.experiment=text_intents_few,{paths},data.labels_per_class={PER_CLASS}"
    with clean_project() as project:
        kedro(project, "run", "--pipelines=ingest,teachers,capture", f"--params={common}")
        every = [_run(project, "train", f"{common},student.seed={seed}") for seed in SEEDS]
        few = [
            _run(project, "ingest", f"{labels},data.seed={seed},student.seed={seed}")
            for seed in SEEDS
        ]
        half = _run(project, "ingest", f"groups.experiment=text_intents_half,{paths}")
    return [_size(every[0]), *_of_all(every), *_of_few(few), *_of_half(half)]


def banking_and_encoder(data: Path) -> tuple[Path, Path]:
    """Return the folders of BANKING77 and of MiniLM.

    Raises:
        MissingError: one of them is not there.
    """
    folder, encoder = (data / "banking77").resolve(), os.environ.get(VARIABLE)
    if not (folder / "train.csv").is_file():
        raise MissingError(f"{folder} has no train.csv. Set DATA to a folder with BANKING77.")
    if not encoder or not (Path(encoder) / "modules.json").is_file():
        raise MissingError(
            f"Set {VARIABLE} to the folder of all-MiniLM-L6-v2, which has modules.json."
        )
    return folder, Path(encoder).resolve()


def _paths(data: Path) -> str:
    folder, encoder = banking_and_encoder(data)
    return (
        f"data.path={folder},teacher.path={encoder},"
        "teacher.licence=apache-2.0,teacher.hub_id=sentence-transformers/all-MiniLM-L6-v2,"
        "evaluate.seeds=1"
    )


def _run(project: Path, start: str, parameters: str) -> Run:
    """Run the stages from `start` to the evaluation, and return its results."""
    stages = ("ingest", "teachers", "capture", "train", "evaluate")
    wanted = ",".join(stages[stages.index(start) :])
    kedro(project, "run", f"--pipelines={wanted}", f"--params={parameters}")
    reports = project / "data" / "07_reports"
    documents = [json.loads((reports / f"{name}.json").read_text()) for name in ("metrics", "cost")]
    return Run(*documents)


def _size(run: Run) -> Figure:
    student, teacher = (int(run.cost[model]["parameters"]) for model in ("student", "teacher"))
    share = student / teacher
    return Figure(
        f"parameters of the student ({student:,}) by the teacher's ({teacher:,})",
        f"{share:.4f}",
        f"<= {TENTH:g}",
        share <= TENTH,
    )


def _of_all(runs: list[Run]) -> list[Figure]:
    gains = [run.points("student") - run.points("control") for run in runs]
    return [
        Figure(
            f"BANKING77, all labels: points gained, {len(runs)} seeds ({_means_text(runs)})",
            f"{mean(gains):.2f} ± {_error(gains):.2f} (standard error)",
            "> 0 by 2 standard errors",
            mean(gains) > 2 * _error(gains),
            {"gains": gains},
        )
    ]


def _of_few(runs: list[Run]) -> list[Figure]:
    named = f"BANKING77, {PER_CLASS} labels a class, the rest unlabelled"
    students = [run.points("student") for run in runs]
    gains = [run.points("student") - run.points("control") for run in runs]
    return [
        Figure(
            f"{named}: accuracy of the student, %",
            f"{mean(students):.2f} ± {_error(students):.2f} (standard error)",
            f">= {ACCURACY:g}",
            mean(students) >= ACCURACY,
            {"students": students},
        ),
        Figure(
            f"{named}: points above the student alone, of {len(runs)} seeds ({_means_text(runs)})",
            f"{mean(gains):.2f} ± {_error(gains):.2f} (standard error)",
            f">= {POINTS:g}",
            mean(gains) >= POINTS,
            {"gains": gains},
        ),
    ]


def _of_half(run: Run) -> list[Figure]:
    teacher, control, student = (run.points(name) for name in ("teacher", "control", "student"))
    shares = f"teacher {teacher:.2f}, alone {control:.2f}, distilled {student:.2f}"
    speed = run.cost["teacher"]["ms_p50"] / run.cost["student"]["ms_p50"]
    total, share = (
        run.cost["student"][key] / run.cost["teacher"][key]
        for key in ("parameters", "parameters_outside_embeddings")
    )
    kept = student / teacher
    return [
        Figure(
            f"half the layers: parameters outside the embeddings ({total:.1%} of all)",
            f"{share:.1%}",
            f"<= {OUTSIDE:.0%}",
            share <= OUTSIDE,
        ),
        Figure("half the layers: times the speed", f"{speed:.2f}", f">= {SPEED}", speed >= SPEED),
        Figure(
            f"half the layers: share of the accuracy that is kept ({shares})",
            f"{kept:.1%}",
            f">= {KEPT:.0%}",
            kept >= KEPT,
        ),
    ]


def _means_text(runs: list[Run]) -> str:
    models = ("teacher", "control", "student")
    return ", ".join(f"{name} {mean(run.points(name) for run in runs):.2f}" for name in models)


def _error(values: list[float]) -> float:
    return stdev(values) / sqrt(len(values))
