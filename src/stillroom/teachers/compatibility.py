"""Alike: a teacher's encoder and that of the examples in, a refusal where answers cannot meet.

Classes must be the same names in the same order; tokens those of one tokenizer, known by its hash.
"""

from pathlib import Path

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.errors import ModelError


def require_alike(teachers: Encoder, examples: Encoder, path: Path) -> None:
    """Refuse a teacher at `path` whose answers mean something else than a student's.

    Raises:
        ModelError: with what differs, and what to do.
    """
    if isinstance(teachers, SequenceEncoder) and isinstance(examples, SequenceEncoder):
        _require_same_tokens(teachers, examples, path)
        return
    if teachers.classes != examples.classes or not teachers.classes:
        raise ModelError(
            f"{path} answers for {_told(teachers)}, and the examples have {_told(examples)}. "
            "Name a teacher of these classes, or set data.classes."
        )


def _require_same_tokens(teachers: SequenceEncoder, examples: SequenceEncoder, path: Path) -> None:
    ours, theirs = examples.tokenizer, teachers.tokenizer
    if ours.sha256 != theirs.sha256:
        raise ModelError(
            f"{path} has the tokenizer {theirs.sha256[:12]} of {theirs.size:,} tokens, and the "
            f"examples have {ours.sha256[:12]} of {ours.size:,}. Token by token only answers with "
            "the same tokens can be learnt. Set data.text.tokenizer to the teacher's folder."
        )
    if teachers.task != examples.task:
        raise ModelError(
            f"{path} answers for the {teachers.task.replace('_', ' ')}, and the examples ask for "
            f"the {examples.task.replace('_', ' ')}. Set data.corpus.task, or name another teacher."
        )


def _told(encoder: Encoder) -> str:
    if isinstance(encoder, SequenceEncoder):
        return f"{encoder.outputs:,} tokens"
    names = encoder.classes
    return f"{len(names)} classes ({', '.join(names[:5])}, …)"
