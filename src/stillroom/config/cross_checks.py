"""Check: a composed dict in, the same dict out, or one line that says which value is wrong."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from stillroom.config.schema import CORPORA, FEATURE_TERMS, FROM_TEACHER, SECTIONS
from stillroom.errors import ConfigError, nearest


def check(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Check every section against its type.

    Raises:
        ConfigError: a section is missing or unknown, or a value is not allowed.
    """
    for name in parameters:
        if name not in SECTIONS:
            raise ConfigError(f"{name} is not a parameter.{nearest(name, list(SECTIONS))}")
    for name, section in SECTIONS.items():
        if name not in parameters:
            raise ConfigError(f"{name} is missing from the parameters. See conf/hydra/config.yaml.")
        _check_section(name, section, parameters[name])
    _check_together(parameters)
    return dict(parameters)


def _check_together(parameters: Mapping[str, Any]) -> None:
    """Check what one section demands of another, before a teacher has been paid for."""
    teacher, labels = parameters["teacher"], parameters["softlabels"]
    if teacher["source"] != "trained" and teacher["members"] != 1:
        raise ConfigError(
            f"teacher.members is {teacher['members']}, and what lies at teacher.path is one. Set "
            "it to 1."
        )
    if teacher["architecture"]["name"] == FROM_TEACHER:
        raise ConfigError(
            f"teacher.architecture.name is {FROM_TEACHER}, and a teacher has none. Name its own."
        )
    data, columns = parameters["data"], parameters["data"]["columns"]
    if data["source"] in CORPORA:
        _check_corpus(parameters)
    for name in ("teacher", "student"):
        architecture = parameters[name]["architecture"]["name"]
        if data["source"] == "table" and not columns["image"] and architecture == "resnet":
            raise ConfigError(
                f"{name}.architecture is resnet, which takes images, and the table has none. "
                "Set groups.teacher=mlp_ensemble and groups.student=mlp, or data.columns.image."
            )
    if data["source"] not in CORPORA:
        _check_texts(parameters)
    _check_objective(parameters["objective"], labels, teacher["mode"])
    _check_ensemble(teacher["members"], labels)


def _check_corpus(parameters: Mapping[str, Any]) -> None:
    """Check what running text asks of everything after it."""
    for name in ("teacher", "student"):
        architecture = parameters[name]["architecture"]["name"]
        if architecture not in ("transformer", "given", FROM_TEACHER):
            raise ConfigError(
                f"{name}.architecture is {architecture}, and running text is tokens. Set "
                "groups.experiment=causal_lm, or an architecture named transformer."
            )
    for key, value, why in (
        ("softlabels.features", "pooled", "features of sequences are not kept yet"),
        ("trainer.strategy", "fsdp", "a language model's output layer cannot be sharded yet"),
    ):
        if _at(parameters, key) == value:
            raise ConfigError(f"{key} is {value}, and {why}. Choose another value.")
    terms = parameters["objective"]["terms"]
    used = [name for name in FEATURE_TERMS if terms[name]]
    if used and parameters["teacher"]["mode"] == "cached":
        raise ConfigError(
            f"objective.terms.{used[0]} compares features, and none are kept of sequences. Set "
            "teacher.mode=live, or groups.objective=tokens."
        )


def _check_texts(parameters: Mapping[str, Any]) -> None:
    """Check what examples ask of models: tokens are for transformers alone, and the other way."""
    data = parameters["data"]
    is_text = data["source"] == "table" and bool(data["columns"]["text"])
    if not is_text:
        return
    is_tokens = data["text"]["encoding"] == "tokens"
    wrong = "mlp" if is_tokens else "transformer"
    made = ["student"] + ["teacher"] * (parameters["teacher"]["source"] == "trained")
    for name in made:
        architecture = parameters[name]["architecture"]["name"]
        if architecture == wrong:
            encoding = data["text"]["encoding"]
            raise ConfigError(
                f"{name}.architecture is {architecture}, and data.text.encoding is {encoding}. A "
                "transformer takes tokens, and an mlp takes hashed text."
            )


def _at(parameters: Mapping[str, Any], key: str) -> object:
    found: Any = parameters
    for part in key.split("."):
        found = found[part]
    return found


def _check_objective(objective: Mapping[str, Any], labels: Mapping[str, Any], mode: str) -> None:
    """Check that there is something to learn, and that the teachers can say it."""
    used = [name for name, weight in objective["terms"].items() if weight]
    if not used and objective["hard_weight"] != 1:
        raise ConfigError(
            "no term of the objective weighs anything. Set one of objective.terms, as in "
            "objective.terms.forward_kl=1, or objective.hard_weight=1."
        )
    if mode == "live":  # which has every logit and every hidden state
        return
    _check_features([name for name in used if name in FEATURE_TERMS], objective, labels)
    answers = [name for name in used if name not in FEATURE_TERMS]
    _check_terms(answers, objective["missing_mass"], labels["sparsifier"])
    if "decoupled_topk" in answers:
        _check_temperature(1.0, "decoupled_topk reads soft labels at", labels)
    if set(answers) - {"decoupled_topk"}:
        _check_temperature(objective["temperature"], "objective.temperature is", labels)


def _check_features(
    used: Sequence[str], objective: Mapping[str, Any], labels: Mapping[str, Any]
) -> None:
    """Check that the features that terms compare are kept."""
    if not used:
        return
    if "attention_transfer" in used or objective["positions"] == "each":
        what = "attention_transfer" if "attention_transfer" in used else "objective.positions=each"
        raise ConfigError(
            f"{what} compares hidden states at each position, and a cache keeps them pooled. Set "
            "teacher.mode=live, or another term and objective.positions=pooled."
        )
    if labels["features"] == "none":
        raise ConfigError(
            f"objective.terms.{used[0]} compares features, and none are kept with the soft labels. "
            "Set softlabels.features=pooled, or teacher.mode=live."
        )


def _check_terms(used: Sequence[str], missing_mass: str, sparsifier: str) -> None:
    """Check that each term can be had from what is stored."""
    headless = [name for name in used if name in ("reverse_kl", "decoupled_topk")]
    if headless and sparsifier not in ("full", "topk"):
        raise ConfigError(
            f"objective.terms.{headless[0]} needs the teacher's head and the mass of the rest, "
            f"which {sparsifier} soft labels do not keep. Set groups.softlabels=topk or full."
        )
    if "reverse_kl" in used and missing_mass != "tail_bucket":
        raise ConfigError(
            f"objective.missing_mass is {missing_mass}, which leaves the tail no probability, and "
            "there reverse_kl is infinite. Set it to tail_bucket."
        )


def _check_temperature(temperature: float, words: str, labels: Mapping[str, Any]) -> None:
    """Check that the loss can have the soft labels at its temperature."""
    kind, captured = labels["sparsifier"], labels["temperatures"]
    if kind == "topk" and temperature not in captured:
        raise ConfigError(
            f"{words} {temperature}, and truncated soft labels hold at "
            f"{', '.join(map(str, captured))}. Add it to softlabels.temperatures, or set "
            "groups.softlabels=full."
        )
    if kind not in ("full", "topk") and temperature != labels["temperature"]:
        raise ConfigError(
            f"{words} {temperature}, and {kind} soft labels are unbiased at "
            f"softlabels.temperature={labels['temperature']} alone. Set both to one value, or "
            "groups.softlabels=full."
        )


def _check_ensemble(members: int, labels: Mapping[str, Any]) -> None:
    """Check that several teachers can be combined from what is kept of each."""
    kind, weights = labels["sparsifier"], labels["weights"]
    if weights is not None and len(weights) != members:
        raise ConfigError(
            f"softlabels.weights has {len(weights)} values, and teacher.members is {members}. "
            "Give one for each teacher, or null."
        )
    if members == 1 or labels["combine"] == "capture":
        return
    if kind == "topk" or (labels["mean"] == "logit" and kind != "full"):
        raise ConfigError(
            f"the mean {labels['mean']} of {members} teachers cannot be had exactly from {kind} "
            "soft labels of each. Set softlabels.combine=capture, groups.softlabels=full, or "
            "teacher.members=1."
        )


def _check_section(name: str, section: type, value: object) -> None:
    try:
        # Strict: "3" is not 3. By way of JSON, since strict Python input must be the class itself.
        TypeAdapter(section).validate_json(json.dumps(value), strict=True)
    except TypeError as error:
        raise ConfigError(
            f"{name} holds a value that is no text, number or list: {error}"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        location = ".".join((name, *_path(first["loc"])))
        choices = re.findall(r"'([^']*)'", str(first.get("ctx", {}).get("expected", "")))
        hint = nearest(str(first["input"]), choices)
        raise ConfigError(
            f"{location} is {first['input']!r}: {first['msg'].lower()}.{hint}"
        ) from error


def _path(location: tuple[int | str, ...]) -> list[str]:
    # Pydantic names the branch of a union, as in ('k', 'constrained-int'): no use to a user.
    return [str(part) for part in location if "-" not in str(part) and "[" not in str(part)]
