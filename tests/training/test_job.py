"""Jobs: equal after a round trip through the file for the worker."""

from pathlib import Path

import pytest
from support.examples.image_examples import image_examples
from support.training.jobs import OBJECTIVE, TRAINER, a_fit, a_job

from stillroom.errors import ConfigError
from stillroom.training.job import Job, LiveConfig, read_job, write_job


def test_a_job_survives_the_file(tmp_path: Path) -> None:
    job = Job(
        examples="e",
        encoder="n",
        soft_labels=None,
        folder="c",
        fits=[a_fit(), a_fit(objective=OBJECTIVE, mode="live", without=(1,), share=0.5)],
        trainer=TRAINER,
        live=LiveConfig(teachers=["t"], shares=[1.0], mean="logit", combine="read"),
    )
    write_job(job, tmp_path / "job.json")
    assert read_job(tmp_path / "job.json") == job


def test_a_fit_without_a_source_of_targets_is_refused(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    asking = a_fit("student", objective=OBJECTIVE, mode="live")
    with pytest.raises(ConfigError, match="student has mode=live, but the job has no"):
        a_job(made, tmp_path / "job", fits=[a_fit("control"), asking])
