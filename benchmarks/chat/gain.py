"""GSM8K: what a student of half the layers gains from the cache, problem by problem.

    problems ──ingest, teachers, capture, train of the project──> alone, threshold, full
    each model ──predict_tokens──> NLL of every answer token ──by problem──> the table

The teacher is Gemma 3 270M, as it is. Every student starts with the same half of its layers and
takes the same steps: one epoch. It runs in build/chat and keeps what is done: after a kill, the
same command goes on. After any change of code or configuration it starts from the beginning.
"""

import json
from pathlib import Path

import polars as pl

from benchmarks.chat.by_problem import scores_by_problem
from benchmarks.chat.gsm8k import problems_file, write_problems
from benchmarks.chat.table import NAMES, TEACHER, figures
from benchmarks.done import Result, done_in
from benchmarks.project import ROOT, Figure, copy_project, kedro
from benchmarks.softlabels.gemma import unpacked

HERE = ROOT / "build" / "chat"
STUDENTS, CURVES = "data/05_students/default", "data/07_reports/plots/students/default.json"
PROBLEMS, TEMPLATE = "problems", ROOT / "benchmarks" / "chat" / "problem.jinja"
SIZES = {"train": 200, "validation": 40, "test": 200}
ENTRIES = 12
# One sequence at a time: of 384 positions and 262,144 tokens the logits take 0.4 GB.
SETTINGS = {
    "groups.experiment": "chat",
    "data.source": "chat",
    "data.path": PROBLEMS,
    "data.chat.template": TEMPLATE,
    "teacher.licence": "gemma",
    "groups.student": "from_teacher",
    "softlabels.entries": ENTRIES,
    "softlabels.draws": 1,
    "softlabels.pilot": 4096,
    "softlabels.batch_size": 1,
    "softlabels.rows_per_shard": 16,
    "student.epochs": 1,
    "student.batch_size": 2,
    "student.lr": 0.0003,
    "student.curve_steps": 11,
    "trainer.checkpoint_steps": 11,
    "evaluate.seeds": 1,
    "evaluate.full_logits": "true",
}


def measure_chat(data: Path) -> list[Figure]:
    """Run the unfinished steps and return the table.

    Raises:
        MissingError: GSM8K is not below `data`, or Gemma is not installed.
    """
    source, teacher = problems_file(data), unpacked().resolve()
    done = done_in(HERE, ("src", "conf", "benchmarks/chat"))
    copy_project(HERE)
    went_on = bool(done.results)
    write_problems(source, HERE / PROBLEMS, SIZES)
    done.timed("capture", lambda: _run("ingest,teachers,capture", teacher))
    done.timed("train", lambda: _run("train", teacher))
    predictions = HERE / "predictions.parquet"
    done.timed("predict", lambda: _predict(predictions))
    scores = scores_by_problem(_test_rows(), pl.read_parquet(predictions), list(NAMES))
    return figures(scores, json.loads((HERE / CURVES).read_text()), done.results, went_on)


def _test_rows() -> pl.DataFrame:
    from stillroom.io.tables import TableFile

    examples = TableFile(HERE / "data/02_examples/examples").read()
    return examples.filter(pl.col("split") == "test")


def _run(stages: str, teacher: Path) -> Result:
    settings = ",".join(f"{key}={value}" for key, value in SETTINGS.items())
    kedro(HERE, "run", f"--pipelines={stages}", f"--params=teacher.path={teacher},{settings}")
    return {}


def _predict(path: Path) -> Result:
    from stillroom.assess.predict.predict_tokens import predict_tokens
    from stillroom.data.encoders import SequenceEncoder, read_encoder
    from stillroom.softlabels.format.ensemble_combination import Combination
    from stillroom.teachers.stored_teachers import teacher_refs

    encoder = read_encoder(HERE / "data/02_examples/encoder")
    if not isinstance(encoder, SequenceEncoder):
        raise TypeError(f"{HERE} has no sequences of tokens")
    students = {name: HERE / STUDENTS / name for name in NAMES if name != TEACHER}
    refs = teacher_refs(HERE / "data/03_teachers/ensemble")
    alone = Combination.of("probability", [1.0])
    predictions = predict_tokens(_test_rows(), encoder, refs, alone, students)
    predictions.write_parquet(path)
    return {"tokens": int(predictions["labels"].list.len().sum())}
