"""Jobs: what the worker reads is what was written."""

from pathlib import Path

from small_project import OBJECTIVE, TRAINER, a_fit

from stillroom.training.job import Job, read_job, write_job


def test_a_job_survives_the_file(tmp_path: Path) -> None:
    job = Job(
        examples="e",
        encoder={"kind": "image"},
        soft_labels=None,
        folder="c",
        fits=[a_fit(), a_fit(objective=OBJECTIVE, mode="live", without=(1,), share=0.5)],
        trainer=TRAINER,
    )
    write_job(job, tmp_path / "job.json")
    assert read_job(tmp_path / "job.json") == job
