"""Compatibility: whether a student can learn from a teacher, by the encoders of both.

Both must have the same classes in the same order, or the same tokenizer, compared by its hash. A
live teacher must also encode its inputs as the student does.
"""

from pathlib import Path

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.errors import ModelError


def require_compatible(teachers: Encoder, examples: Encoder, path: Path) -> None:
    """Refuse a teacher at `path` whose outputs differ in meaning from those of the examples.

    Raises:
        ModelError: the classes, the tokens or the tasks differ; it says which, and what to do.
    """
    if isinstance(teachers, SequenceEncoder) and isinstance(examples, SequenceEncoder):
        _require_same_tokens(teachers, examples, path)
        return
    if teachers.classes != examples.classes or not teachers.classes:
        raise ModelError(
            f"{path} has {_outputs_text(teachers)}, but the examples have "
            f"{_outputs_text(examples)}. Choose a teacher with the same classes, or set "
            "data.classes to the names of the teacher's classes in its order."
        )


def require_same_inputs(teachers: Encoder, students: Encoder, path: Path) -> None:
    """Refuse a live teacher at `path` to which the inputs of the student mean something else.

    Raises:
        ModelError: they encode their inputs differently.
    """
    if isinstance(teachers, SequenceEncoder) and isinstance(students, SequenceEncoder):
        own, theirs = teachers.tokenizer.sha256, students.tokenizer.sha256
        is_same = (own, teachers.task) == (theirs, students.task)
    else:
        is_same = teachers == students
    if not is_same:
        raise ModelError(
            f"The teacher in {path} encodes its inputs differently from the student, but a live "
            "teacher is given the student's inputs. Set teacher.mode=cached."
        )


def _require_same_tokens(teachers: SequenceEncoder, examples: SequenceEncoder, path: Path) -> None:
    ours, theirs = examples.tokenizer, teachers.tokenizer
    if ours.sha256 != theirs.sha256:
        raise ModelError(
            f"{path} has the tokenizer {theirs.sha256[:12]} of {theirs.size:,} tokens, but the "
            f"examples have {ours.sha256[:12]} of {ours.size:,}. A student learns token by token "
            "only with the same tokenizer. Set data.text.tokenizer to the teacher's folder."
        )
    if teachers.task != examples.task:
        raise ModelError(
            f"{path} predicts the {teachers.task.replace('_', ' ')}, but data.corpus.task is "
            f"{examples.task}. Set data.corpus.task={teachers.task}, or choose another teacher."
        )


def _outputs_text(encoder: Encoder) -> str:
    if isinstance(encoder, SequenceEncoder):
        return f"{encoder.outputs:,} tokens"
    names = encoder.classes
    return f"{len(names)} classes ({', '.join(names[:5])}, …)"
