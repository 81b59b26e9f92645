"""Nodes of `teach`: the teachers are asked once, and nothing unverified leaves the stage."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.ranges import DeviceMap, Dtype
from stillroom.config.schema import Inference, SoftLabels
from stillroom.io.paths import project_root
from stillroom.io.tables import TableFile
from stillroom.pipelines.teach import request

if TYPE_CHECKING:
    from stillroom.softlabels.answers import Answers, Ask
    from stillroom.softlabels.dataset import SoftLabelSet
else:  # Kedro resolves these hints when it starts; what they name can be imported later
    Answers = Ask = SoftLabelSet = Any


def refer_to_teachers(teachers: Path, dtype: Dtype, device_map: DeviceMap) -> Any:
    """Return paths and hashes of the teachers; the models themselves are opened where they run."""
    from stillroom.teachers.reference import refer

    return refer(teachers, Inference(dtype=dtype, device_map=device_map))


def answer(
    examples: TableFile,
    encoder: Path,
    teacher_refs: Any,
    licence: dict[str, Any],
    softlabels: SoftLabels,
) -> Answers:
    """Return the teachers' answers; saving them is what runs the teachers.

    Raises:
        LicenceError: the licence is not that of these teachers, or does not let them teach.
    """
    from stillroom.data.encoders import read_encoder
    from stillroom.softlabels.answers import Answers
    from stillroom.teachers.licences.document import from_json
    from stillroom.teachers.licences.gate import require_covered

    require_covered(from_json(licence), len(teacher_refs))
    asks = ask(examples, encoder, teacher_refs, softlabels)
    return Answers(
        asks=asks,
        wanted=request.wanted_of(softlabels),
        combination=request.read_combination_of(softlabels, len(asks)),
        store=request.store_of(project_root()),
        rows_per_shard=softlabels.rows_per_shard,
        pilot_positions=softlabels.pilot,
        class_names=read_encoder(encoder).classes or None,
    )


def verify(
    unverified_labels: SoftLabelSet,
    examples: TableFile,
    encoder: Path,
    teacher_refs: Any,
    softlabels: SoftLabels,
) -> SoftLabelSet:
    """Return the set unchanged, once it was found to be what it should be."""
    found_of(unverified_labels, examples, encoder, teacher_refs, softlabels)
    return unverified_labels


def found_of(
    labels: SoftLabelSet,
    examples: TableFile,
    encoder: Path,
    teacher_refs: Any,
    softlabels: SoftLabels,
) -> Any:
    """Return what `softlabels.verify` finds of each member of a set.

    Raises:
        SoftLabelError: the set is not what it should be.
    """
    from stillroom.data.encoders import read_encoder
    from stillroom.io.progress import ticking
    from stillroom.softlabels.fingerprint import require_same
    from stillroom.softlabels.verify import verify as verify_set

    asks = ask(examples, encoder, teacher_refs, softlabels)
    request.require_configured(labels, softlabels, read_encoder(encoder))
    captures = labels.manifest.captures
    # Of another number of teachers too, each is compared with some capture: what follows refuses.
    members = [
        one.teacher.keeping(captures[number % len(captures)].sparsifier)
        for number, one in enumerate(asks)
    ]
    require_same(captures, tuple(member.capture for member in members))
    questions = [one.questions for one in asks]
    with ticking("verifying", sum(map(len, questions)), "rows") as ticker:
        return verify_set(labels, members, questions, ticker.advance)


def ask(
    examples: TableFile, encoder: Path, teacher_refs: Any, softlabels: SoftLabels
) -> tuple[Ask, ...]:
    """Return who is asked what: each teacher, or the ensemble as one."""
    from stillroom.data.encoders import read_encoder
    from stillroom.softlabels.answers import Ask
    from stillroom.teachers.ensemble import Ensemble
    from stillroom.teachers.local import open_teacher
    from stillroom.teachers.questions import ExampleQuestions

    fitted = read_encoder(encoder)
    how, views = request.how_of(softlabels, fitted), request.views_of(softlabels, fitted)
    teachers = [open_teacher(ref, how, fitted) for ref in teacher_refs]
    asked = [
        ExampleQuestions(examples, teacher.encoder, views, softlabels.draws) for teacher in teachers
    ]
    if softlabels.combine == "capture" and len(teachers) > 1:
        combination = request.combination_of(softlabels, len(teachers))
        return (Ask(Ensemble(tuple(teachers), combination), asked[0]),)
    return tuple(Ask(*pair) for pair in zip(teachers, asked, strict=True))
