"""The gap table: how much of the gain from full logits a student keeps with the cache.

    text ──> teacher ──> soft labels ──> four arms x seeds of students ──> test split ──> the table

Source: random-sampling KD (Anshumann et al., ACL 2025, arXiv 2503.16870), table 1, at its scale: of
the gap from cross-entropy to full logits 12 samples close about all, top-k of 12 less than nothing.
It runs in build/language and keeps what is done: the same command goes on, a student from its last
checkpoint. After any change of code or configuration it starts from the beginning.
"""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import polars as pl

from benchmarks.done import Result, done_in
from benchmarks.language.arms import arms, models_of, teacher_job
from benchmarks.language.capture import ALONE, capture
from benchmarks.language.recipe import Recipe, recipe
from benchmarks.language.table import figures
from benchmarks.language.text import Text, texts, write_text
from benchmarks.project import ROOT, Figure
from stillroom.assess.predict.predict_tokens import predict_tokens
from stillroom.io.json.json_files import read_json
from stillroom.teachers.stored_teachers import teacher_refs
from stillroom.teachers.teacher import TeacherRef
from stillroom.training.job import Job
from stillroom.training.process.launch import run_worker, train
from stillroom.training.resume_state import CURVES

HERE = ROOT / "build" / "language"
TEACHERS = "teachers"
SOURCES = ("src", "conf", "benchmarks/language")


def measure_gap(data: Path) -> list[Figure]:
    """Run the unfinished steps and return the table.

    Raises:
        MissingError: the text is not below `data`.
    """
    return table_of(recipe(), texts(data), HERE)


def table_of(made: Recipe, files: list[Path], folder: Path) -> list[Figure]:
    """Run a recipe in a folder, or continue it there."""
    done = done_in(folder, SOURCES)
    went_on, text, columns = bool(done.results), Text(folder / "text"), arms(made)
    done.timed("text", lambda: write_text(made, files, text.folder))
    done.timed(
        "teacher", lambda: _train_teacher(teacher_job(made, text, folder), folder / TEACHERS)
    )
    (ref,) = teacher_refs(folder / TEACHERS)
    for arm in columns:
        if arm.wanted is not None:
            done.timed(f"labels of {arm.name}", partial(capture, made, text, ref, arm, folder))
    jobs = [arm.job(made, text, ref.path, folder) for arm in columns]
    done.timed("students", lambda: _train_students(jobs))
    predictions = folder / "predictions.parquet"
    done.timed("predictions", lambda: _predict(text, ref, models_of(jobs), predictions))
    return figures(pl.read_parquet(predictions), made, done.results, went_on)


def _train_teacher(job: Job, target: Path) -> Result:
    shutil.rmtree(target, ignore_errors=True)  # of a run that was killed before this was noted
    return {"curve": train(job, target)}


def _train_students(jobs: list[Job]) -> Result:
    """Run each job in a process of its own, as many at a time as there are cores.

    Each process has one thread: two threads would wait for each other at every matrix product.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(run_worker, jobs))
    return {"curves": [read_json(Path(job.folder) / CURVES) for job in jobs]}


def _predict(text: Text, ref: TeacherRef, students: dict[str, Path], path: Path) -> Result:
    predictions = predict_tokens(text.test(), text.encoder, [ref], ALONE, students)
    predictions.write_parquet(path)
    return {"tokens": int(predictions["labels"].list.len().sum())}
