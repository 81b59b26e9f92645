"""Check answers: teacher, control and student answer held-out prompts; how many are right, out.

test packs ──held_out_prompts──> prompts ──each model, greedily──> texts ──rule──> answers.json
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stillroom.assess.answers.held_out_prompts import (
    HeldOutPrompt,
    HeldOutPrompts,
    answer_text,
    held_out_prompts,
)
from stillroom.assess.predict.labelled_rows import test_rows
from stillroom.config.schema import Answers, Inference
from stillroom.data.chat.packed_turns import has_turns
from stillroom.data.encoders import SequenceEncoder, read_encoder
from stillroom.data.text.tokenizer import Tokenizer
from stillroom.errors import DataError
from stillroom.evaluation.answers.answer_evidence import (
    Answered,
    AnswerEvidence,
    rows_at,
    shares_right,
    shown_rows,
)
from stillroom.evaluation.answers.answer_rule import AnswerRule
from stillroom.evaluation.answers.answer_rules import answer_rule
from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER
from stillroom.io.progress import ticking
from stillroom.io.tables import TableFile
from stillroom.models.forward.generate import GenerationLimits, greedy_continuations, takes
from stillroom.models.pretrained.model_directory import load_model
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings, Teacher

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PROMPT_SHOWN = 400  # characters of the end of a prompt on the page

Texts = dict[str, list[str]]


def answers_document(
    examples: TableFile,
    encoder: Path,
    teachers: Path,
    inference: Inference,
    students: Path,
    options: Answers | None,
) -> dict[str, Any]:
    """Return how many answers of each model are right; {} if answers are not checked.

    Of several teachers the first one answers, and of several seeds those that ship.

    Args:
        examples: every example.
        encoder: the folder of the encoder.
        teachers: a folder with one model directory per member.
        inference: how the teachers run.
        students: a folder with the model directory of each run.
        options: `evaluate.answers`.

    Raises:
        DataError: no prompt of the test split can be asked, or the examples are of an older run.
        ModelError: a model directory is missing or damaged.
    """
    fitted, frame = read_encoder(encoder), examples.read()
    if options is None or not isinstance(fitted, SequenceEncoder):
        return {}
    if not has_turns(frame, fitted.chat_template):
        return {}
    teacher = open_teacher(
        teacher_refs(teachers, inference)[0],
        CaptureSettings(augmentation="none", seed=0, batch_size=1),
        fitted,
    )
    models = {arm: load_model(students / arm) for arm in (CONTROL, STUDENT)}
    rule = answer_rule(options)

    def fits(prompt: tuple[int, ...]) -> bool:
        every = (
            teacher.takes(prompt, options.max_tokens),
            *(takes(model, prompt, options.max_tokens) for model in models.values()),
        )
        return all(every)

    test = test_rows(frame, fitted)
    asked = held_out_prompts(test, fitted.tokenizer, rule, fits, options.prompts)
    if not asked.prompts:
        raise DataError(_nothing_to_ask(asked, options))
    texts = _answers(teacher, models, asked.prompts, fitted.tokenizer, options.max_tokens)
    return _evidence(asked, texts, rule, options, fitted.tokenizer).to_json()


def _nothing_to_ask(asked: HeldOutPrompts, options: Answers) -> str:
    why = ", ".join(f"{reason.replace('_', ' ')}: {n:,}" for reason, n in asked.left_out.items())
    return (
        f"No prompt of the test split can be asked by evaluate.answers ({why or 'there is none'}). "
        f"Lower evaluate.answers.max_tokens ({options.max_tokens}), give conversations a reference "
        "with data.columns.reference, or set evaluate.answers=null."
    )


def _answers(
    teacher: Teacher,
    models: "Mapping[str, PreTrainedModel]",
    prompts: list[HeldOutPrompt],
    tokenizer: Tokenizer,
    most: int,
) -> Texts:
    """Return the answers of each model; those of a teacher only if it can generate."""
    limits = GenerationLimits(most, _ends(prompts, tokenizer), tokenizer.size)
    ids = [one.ids for one in prompts]
    with ticking("answering prompts", 1 + len(models), "models") as ticker:
        of_teacher = teacher.continuations(ids, limits)
        ticker.advance(1)
        rows = {} if of_teacher is None else {TEACHER: of_teacher}
        for name, model in models.items():
            rows[name] = greedy_continuations(model, ids, limits)
            ticker.advance(1)
    return {
        name: [answer_text(answer, tokenizer) for answer in answers]
        for name, answers in rows.items()
    }


def _ends(prompts: list[HeldOutPrompt], tokenizer: Tokenizer) -> tuple[int, ...]:
    """Return the special ids that end a turn, or a text."""
    special = set(tokenizer.special_ids)
    ends = dict.fromkeys(one.end for one in prompts if one.end in special)
    if tokenizer.end is not None:
        ends[tokenizer.end] = None
    if not ends:
        raise DataError(
            "The answers of evaluate.answers would never end: the chat template ends turns with no "
            "special token, and the tokenizer has none that ends a text. Set eos_token in its "
            "tokenizer_config.json, or evaluate.answers=null."
        )
    return tuple(ends)


def _evidence(
    asked: HeldOutPrompts, texts: Texts, rule: AnswerRule, options: Answers, tokenizer: Tokenizer
) -> AnswerEvidence:
    expected = [one.expected for one in asked.prompts]
    right = {name: np.array(rule.are_right(said, expected)) for name, said in texts.items()}
    return AnswerEvidence(
        rule=options.rule,
        words=rule.words,
        prompts=len(asked.prompts),
        max_tokens=options.max_tokens,
        left_out=asked.left_out,
        shown=[
            Answered(
                prompt=tokenizer.decode(asked.prompts[row].ids)[-PROMPT_SHOWN:],
                reference=asked.prompts[row].reference,
                answers=rows_at(texts, row),
                right={name: bool(values[row]) for name, values in right.items()},
            )
            for row in shown_rows(right)
        ],
        **shares_right(right),
    )
