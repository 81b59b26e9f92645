"""Resume states: the folder in which a fit keeps its state, so that a killed run can continue.

    <job>/<fit>/checkpoint.safetensors, best/, done.json ──all done, cloned──> <target>/<fit>/

A fit continues from a state only if it depends on the same ingredients: rows, soft labels, values,
code and libraries. Otherwise it starts from the beginning, and the log names what differs.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stillroom.config.code_digest.digest import CodeDigests
from stillroom.config.schema import plain_values
from stillroom.data.encoders import read_encoder
from stillroom.io.files.hashing import sha256_file, sha256_json
from stillroom.io.files.reflink import clone
from stillroom.io.json.json_files import read_json, write_json
from stillroom.models.adapters.adapter_folder import name_base
from stillroom.training.job import Fit, Job, LiveConfig

WORKER = ("stillroom.training.__main__", "stillroom.training.process.torchrun")  # what starts it
LIBRARIES = ("lightning", "numpy", "torch", "transformers")
PEFT = "peft"  # the library of adapters
# Of the trainer, what does not change the result.
NOT_LEARNED = ("threads", "workers", "checkpoint_steps", "gradient_checkpointing")
CURVES = "curves.json"
BEST, BALANCED = "best", "balanced"

Ingredients = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResumeState:
    """The folder of one fit, and what the fit depends on.

    Attributes:
        folder: holds only this fit.
        ingredients: what the fit depends on, by name, as JSON values.
        result: the name of the model directory that the fit ends with.
    """

    folder: Path
    ingredients: Ingredients
    result: str = BEST

    @property
    def checkpoint(self) -> Path:
        """The file of the state in the middle of training."""
        return self.folder / "checkpoint.safetensors"

    @property
    def best(self) -> Path:
        """The model directory of the best epoch so far."""
        return self.folder / BEST

    @property
    def balanced(self) -> Path:
        """The model directory of the same weights with the output bias of `Fit.balance`."""
        return self.folder / BALANCED

    def arriving(self) -> Path:
        """Return where a model directory is written before it is published, without a folder.

        What a killed run left there, such as an adapter, is removed.
        """
        path = self.folder / "arriving"
        shutil.rmtree(path, ignore_errors=True)
        return path

    def records(self) -> list[Any] | None:
        """Return the curve of a finished fit; None where it is not finished."""
        path = self.folder / "done.json"
        done = read_json(path) if path.is_file() and (self.folder / self.result).is_dir() else None
        if not isinstance(done, dict) or done["ingredients"] != self.ingredients:
            return None
        return list(done["records"])

    def finish(self, records: list[Any]) -> None:
        """Record that the fit is finished."""
        write_json(self.folder / "done.json", {"ingredients": self.ingredients, "records": records})
        self.checkpoint.unlink(missing_ok=True)


def resume_state_of(job: Job, fit: Fit, shared: Ingredients) -> ResumeState:
    """Return the state folder of a fit of a job."""
    own = {key: value for key, value in plain_values(fit).items() if key != "output"}
    if own["start"] is not None:  # its hashes identify it, wherever it lies and whatever its name
        own["start"] = {key: own["start"][key] for key in ("weights", "architecture")}
    if fit.adapter is not None:
        own["adapter"] |= {PEFT: version(PEFT)}
    # As read back from JSON: a tuple would never equal the list that it becomes there.
    ingredients = json.loads(json.dumps(shared | own))
    return ResumeState(
        Path(job.folder) / fit.output, ingredients, BALANCED if fit.balance else BEST
    )


def shared_ingredients(job: Job) -> Ingredients:
    """Return what every fit of a job depends on."""
    manifest = None if job.soft_labels is None else Path(job.soft_labels) / "manifest.json"
    trainer = asdict(job.trainer)
    for key in NOT_LEARNED:
        del trainer[key]
    return {
        "examples": {path.name: sha256_file(path) for path in _files(Path(job.examples))},
        "encoder": sha256_json(read_encoder(Path(job.encoder)).to_json()),
        "soft_labels": None if manifest is None else sha256_file(manifest),
        "trainer": trainer,
        "live": None if job.live is None else _live(job.live),
        "libraries": {name: version(name) for name in LIBRARIES},
        "code": _code(),
    }


def differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Return the names of the ingredients that differ."""
    return sorted(key for key in first.keys() | second.keys() if first.get(key) != second.get(key))


def gather_models(job: Job, target: Path) -> None:
    """Copy the finished models of a job to a new folder.

    Adapters get the name of the model that they adapt: it is no ingredient, so it may be another
    than when the fit was trained. The job keeps its own until `remove_unfinished`.
    """
    target.mkdir()
    for fit in job.fits:
        state = resume_state_of(job, fit, {})
        shutil.copytree(state.folder / state.result, target / fit.output, copy_function=_clone)
        name_base(target / fit.output, None if fit.start is None else fit.start.hub_id)


def _clone(source: str, target: str) -> None:
    clone(Path(source), Path(target))


def _live(live: LiveConfig) -> Ingredients:
    weights = [sha256_file(path) for folder in live.teachers for path in _weights(Path(folder))]
    return {**asdict(live), "teachers": weights}


def _weights(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.glob("*.parquet"))


@cache
def _code() -> str:
    """Return the digest of the code that a worker can reach: other code might train differently.

    Prose does not count, so a state survives an edited comment or docstring.
    """
    return CodeDigests().of(WORKER)
