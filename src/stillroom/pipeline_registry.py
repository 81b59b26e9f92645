"""The seven stages by name, and `distill`, which is all of them in order.

The list is written by hand, because `find_pipelines()` imports only the folder that `--pipeline`
names, and `distill` consists of several.
"""

from kedro.pipeline import Pipeline

from stillroom.pipelines.capture.pipeline import create_pipeline as capture
from stillroom.pipelines.evaluate.pipeline import create_pipeline as evaluate
from stillroom.pipelines.export.pipeline import create_pipeline as export
from stillroom.pipelines.ingest.pipeline import create_pipeline as ingest
from stillroom.pipelines.report.pipeline import create_pipeline as report
from stillroom.pipelines.teachers.pipeline import create_pipeline as teachers
from stillroom.pipelines.train.pipeline import create_pipeline as train

STAGES = {
    "ingest": ingest,
    "teachers": teachers,
    "capture": capture,
    "train": train,
    "evaluate": evaluate,
    "export": export,
    "report": report,
}


def register_pipelines() -> dict[str, Pipeline]:
    """Return every pipeline by name; each node is tagged with its stage."""
    stages = {name: create().tag(name) for name, create in STAGES.items()}
    distill = sum(stages.values(), Pipeline([]))
    return {**stages, "distill": distill, "__default__": distill}
