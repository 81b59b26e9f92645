"""Model card: metrics, parameters, licence, lineage in, README.md of a Hugging Face directory out.

├ front matter   what the Hub reads: licence, base model, data sets, results
└ text           how good it is, its lineage, what its teachers' licences require
"""

import re
from collections.abc import Sequence
from math import exp
from typing import Any

import yaml

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.evaluation.arms import STUDENT
from stillroom.evaluation.statistics.evidence import Evidence
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.io.json.round_numbers import rounded
from stillroom.io.printable import printable, printable_lines
from stillroom.reporting.card.card_metadata import (
    RESULTS,
    architecture_of,
    metadata,
)
from stillroom.reporting.card.how_to_load import how_to_load
from stillroom.reporting.display_names import title
from stillroom.reporting.key_values import key_values
from stillroom.reporting.provenance.lineage import Lineage, chain
from stillroom.reporting.provenance.student_licence import (
    StudentLicence,
    conditions,
    copied_licence,
    student_licence,
)
from stillroom.reporting.table_rows import models_of, quality_measures
from stillroom.reporting.verdict.verdict import quality_in_words
from stillroom.teachers.licences.licence_document import Licence, TeacherLicence


def model_card(
    metrics: GroupedNumbers,
    evidence: Evidence,
    parameters: dict[str, Any],
    soft_labels_summary: dict[str, str | int | float],
    encoder: Encoder,
    licence: Licence,
    lineage: Lineage,
    formats: Sequence[str],
) -> str:
    """Return the card as Markdown with a YAML front matter.

    Args:
        metrics: the measures of each model, and `gain`, as in metrics.json.
        evidence: the comparison of the models on the test split.
        parameters: the composed parameters.
        soft_labels_summary: the fingerprint of the set, the hashes of the teachers, and the rest
            of the set's description.
        encoder: the encoder of the student's inputs; it has the classes in their order.
        licence: the licences of the teachers.
        lineage: the student's ancestors.
        formats: a sentence about each export format.
    """
    architecture = architecture_of(parameters)
    start = None if lineage.start is None else lineage.start.licence
    copied = copied_licence(licence, architecture, start)
    own = student_licence(licence, copied)
    front = metadata(_shipped(evidence, metrics), parameters, encoder, lineage, own)
    parts = (
        _front_matter(front),
        "# Distilled student",
        quality_in_words(evidence, metrics),
        _quality(metrics, evidence.seeds),
        _intervals(evidence),
        "## Lineage",
        _LIVE if parameters.get("teacher", {}).get("mode") == "live" else _CACHED,
        *_ancestors(lineage, soft_labels_summary),
        *_permission(licence, start, own, conditions(licence, copied)),
        "## How to load it",
        how_to_load(formats, parameters, encoder, lineage),
        "## Outputs",
        _outputs(encoder),
        "## How it was made",
        f"{_code(lineage.command)} makes the student again, at the same commit of the project.",
        _lines({key: parameters[key] for key in ("student", "objective")}),
        "Made with Stillroom.",
    )
    return "\n\n".join(parts) + "\n"


_CACHED = "The student was trained on stored soft labels. Its ancestors, each with its SHA-256:"
_LIVE = "The student was trained beside its running teachers. Its ancestors, each with its SHA-256:"


def _shipped(evidence: Evidence, metrics: GroupedNumbers) -> dict[str, int | float]:
    """Return the measures of the model that ships with this card, not the means over seeds."""
    nll = -evidence.log_likelihood.of_seeds[STUDENT][0]
    measures = {
        "accuracy": evidence.accuracy.of_seeds[STUDENT][0],
        "nll": nll,
        "perplexity": exp(nll),
    }
    reported = {name: value for name, value in measures.items() if name in metrics[STUDENT]}
    return {name: rounded(value) for name, value in reported.items()}


def _outputs(encoder: Encoder) -> str:
    if isinstance(encoder, SequenceEncoder):
        logits = (
            f"{encoder.outputs:,} logits at each position, one for each token of the tokenizer."
        )
        return f"{logits} {_arguments(encoder)}".rstrip()
    names = ", ".join(_code(name) for name in encoder.classes)
    return f"{len(encoder.classes)} logits, in this order: {names}."


def _arguments(encoder: SequenceEncoder) -> str:
    """Return a sentence on the arguments of the chat template; "" if it had none."""
    given = encoder.template_arguments.items()
    if not given:
        return ""
    call = ", ".join(f"{name}={value!r}" for name, value in given)
    return (
        "Its conversations were rendered with arguments of the chat template. Use them again: "
        f"{_code(f'apply_chat_template(messages, {call})')}."
    )


def _front_matter(fields: dict[str, Any]) -> str:
    body: str = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{printable_lines(body)}---"


def _intervals(evidence: Evidence) -> str:
    """Return a sentence on how sure the student's measures are."""
    right, likely = (by.arms[STUDENT] for by in (evidence.accuracy, evidence.log_likelihood))
    return (
        f"The student's 95% intervals: {RESULTS['accuracy']} {right.low:.3f} to {right.high:.3f}; "
        f"{RESULTS['nll']} {-likely.high:.3f} to {-likely.low:.3f}."
    )


def _ancestors(
    lineage: Lineage, soft_labels_summary: dict[str, str | int | float]
) -> tuple[str, ...]:
    return (
        "\n".join(f"- {_code(what)}: {_code(words)}" for what, words in chain(lineage)),
        "The set of soft labels:",
        _lines(soft_labels_summary),
    )


def _permission(
    licence: Licence,
    start: TeacherLicence | None,
    own: StudentLicence,
    required: tuple[str, ...],
) -> tuple[str, ...]:
    """Return the section on licences: the student's, its ancestors', and their conditions."""
    # A licence that several teachers share is named once.
    teachers = dict.fromkeys(_licence_line(teacher) for teacher in licence.teachers)
    lines = "\n".join([*_start_line(start), *teachers])
    listed = "\n".join(f"- {condition}" for condition in required)
    demands = ("Whoever has this model must keep these conditions:", listed) if required else ()
    return ("## Licence", _prose(own.why), lines, *demands)


def _start_line(start: TeacherLicence | None) -> list[str]:
    """Return the line about the licence of the model that the student starts from, if any."""
    if start is None:
        return []
    identifier = _code(start.identifier or "no licence named")
    line = (
        f"- It starts from {_code(start.teacher)}: {identifier}, {_code(start.name)} "
        f"(read from: {start.read_from})."
    )
    if start.acknowledged is not None:
        line += f" It was used nevertheless, for this reason: {_code(start.acknowledged)}."
    return [line]


def _licence_line(teacher: TeacherLicence) -> str:
    if teacher.read_from == "trained here":
        return "- Teachers that were trained here have no third-party licence."
    line = (
        f"- Teacher {_code(teacher.teacher)}: {_code(teacher.identifier or 'no licence named')}, "
        f"{_code(teacher.name)} (read from: {teacher.read_from}). {_VERDICTS[teacher.verdict]}: "
        f"{_code(teacher.says)} ({_code(teacher.source)})."
    )
    if teacher.card is not None:
        line += f" Its model card says {_code(teacher.card)}."
    if teacher.acknowledged is not None:
        line += f" It was used nevertheless, for this reason: {_code(teacher.acknowledged)}."
    return line


_VERDICTS = {
    "allowed": "It allows training a model on the answers",
    "conditions": "It allows training a model on the answers, under conditions",
    "forbidden": "It forbids training a model on the answers",
    "unknown": "It is not known whether it allows training a model on the answers",
}


def _quality(metrics: GroupedNumbers, seeds: int) -> str:
    models = models_of(metrics)
    split = "test split" if seeds == 1 else f"test split, means over {seeds} seeds; the first ships"
    head = [
        f"| {split} | " + " | ".join(_prose(title(model)) for model in models) + " |",
        "|---|" + "---:|" * len(models),
    ]
    rows = [
        f"| {measure.name}, {measure.meaning} | " + " | ".join(measure.texts) + " |"
        for measure in quality_measures(metrics)
    ]
    return "\n".join(head + rows)


def _lines(document: dict[str, Any]) -> str:
    return "\n".join(f"- {_code(what)}: {_code(value)}" for what, value in key_values(document))


def _prose(text: str) -> str:
    """Return a text in which neither HTML nor Markdown means anything."""
    return re.sub(r"([\\`*_\[\]<>|#~!])", r"\\\1", printable(text))


def _code(text: str) -> str:
    # Inside a code span neither HTML nor Markdown means anything; only a backtick could end it.
    plain = printable(text).replace("`", "'")
    return f"`{plain}`"
