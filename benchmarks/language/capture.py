"""Capture: a teacher and the text that students read in, verified soft labels out.

The steps are those of `capture`: solve the threshold, store the answers, verify, materialise.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.done import Result
from benchmarks.language.arms import Arm, labels_of
from benchmarks.language.recipe import Recipe
from benchmarks.language.text import Text
from stillroom.data.views.image_views import PLAIN
from stillroom.io.progress import ticking
from stillroom.softlabels.capture.capture_set import (
    CaptureJob,
    CaptureRequest,
    capture_set,
    materialise,
    open_staged,
)
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.store.store import Store
from stillroom.softlabels.verify.verify import verify
from stillroom.teachers.capture_inputs import ExampleInputs
from stillroom.teachers.stored_teachers import open_teacher
from stillroom.teachers.teacher import CaptureSettings, TeacherRef

ALONE = Combination.of("probability", [1.0])


def capture(recipe: Recipe, text: Text, ref: TeacherRef, arm: Arm, folder: Path) -> Result:
    """Write the soft labels that an arm learns from; return what they came to.

    An existing set is replaced; the store keeps every answer that was captured.

    Args:
        recipe: how the answers are captured.
        text: the examples to capture.
        ref: the teacher.
        arm: one that learns from a cache.
        folder: the benchmark's own.

    Raises:
        ValueError: the arm learns from no cache.
    """
    if arm.wanted is None:
        raise ValueError(f"{arm.name} learns from no cache, so it has no soft labels to capture")
    how, encoder = recipe.softlabels, text.encoder
    teacher = open_teacher(ref, CaptureSettings("none", how.seed, how.batch_size), encoder)
    inputs = ExampleInputs(text.transfer, teacher.encoder, PLAIN, arm.draws)
    store, target = Store(folder / "store"), labels_of(arm, folder)
    answers = CaptureRequest(
        jobs=(CaptureJob(teacher, inputs),),
        wanted=arm.wanted,
        combination=ALONE,
        store=store,
        rows_per_shard=how.rows_per_shard,
        pilot_positions=how.pilot,
        class_names=None,
    )
    with TemporaryDirectory(dir=folder) as staging:
        capture_set(answers, Path(staging), progress, print)
        labels = open_staged(Path(staging), store)
        member = teacher.keeping(labels.manifest.captures[0].sparsifier)
        with progress("verifying", len(inputs)) as tick:
            (verification,) = verify(labels, [member], [inputs], tick)
        shutil.rmtree(target, ignore_errors=True)
        materialise(labels, target)
    size = sum(shard.bytes for shard in labels.manifest.members[0].shards)
    return {"positions": verification.positions, "bytes": size, "agreement": verification.agreement}


@contextmanager
def progress(label: str, rows: int) -> Iterator[Callable[[int], None]]:
    """Show progress over rows."""
    with ticking(label, rows, "rows") as ticker:
        yield ticker.advance
