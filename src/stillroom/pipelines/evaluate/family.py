"""The node of evaluate that compares all students of one set of soft labels.

statistics, cost ──────> the student of this run, and the teacher ─┐
folders of the others ──asked about the test split──> each of them ─┴──> family
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.io.rounding import rounded
from stillroom.io.tables import TableFile
from stillroom.pipelines.evaluate.nodes import tested_rows

if TYPE_CHECKING:
    from stillroom.softlabels.dataset import SoftLabelSet
else:  # Kedro resolves this hint when it starts; what it names can be imported later
    SoftLabelSet = Any

Numbers = dict[str, dict[str, int | float]]
Records = list[dict[str, Any]]


def compare_students(
    examples: TableFile,
    encoder: Path,
    soft_labels: SoftLabelSet,
    students: Path,
    every_student: Path,
    statistics: dict[str, Any],
    cost: Numbers,
) -> Records:
    """Return a record of each student of these soft labels, and of the teacher; none of one alone.

    Args:
        examples: every example.
        encoder: of them.
        soft_labels: whose students are compared; of others it is said that they are left out.
        students: the folder of the student that this run is about.
        every_student: the folder of the folders of all.
        statistics: `Evidence` on this one and the teacher, as JSON.
        cost: what these take.

    Raises:
        ModelError: a model directory is damaged.
    """
    from stillroom.data.encoders import SequenceEncoder, read_encoder
    from stillroom.evaluation.family import records
    from stillroom.evaluation.statistics.evidence import Evidence
    from stillroom.pipelines.evaluate.siblings import known, member_of, siblings_of

    others = siblings_of(every_student, students.name, soft_labels.manifest.content)
    if not others:
        return []
    fitted = read_encoder(encoder)
    test = tested_rows(examples.read(), fitted)
    own = known(students.name, Evidence.from_json(statistics), cost)
    compared = [member_of(path, test, fitted) for path in others]
    members = [*own, *compared]
    if isinstance(fitted, SequenceEncoder):
        return rounded(records(members, "nll"))
    return rounded(records(members, "accuracy"))
