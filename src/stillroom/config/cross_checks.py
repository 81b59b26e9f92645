"""Check the composed parameters: each section against its type, then sections against each other.

The first value that is wrong becomes an error of one line.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from stillroom.config.schema import CORPORA, FEATURE_TERMS, FROM_TEACHER, SECTIONS
from stillroom.config.value_errors import first_error
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
            raise ConfigError(
                f"The section {name} is missing from the parameters. Restore it in "
                "conf/hydra/config.yaml."
            )
        _check_section(name, section, parameters[name])
    _check_together(parameters)
    return dict(parameters)


def _check_together(parameters: Mapping[str, Any]) -> None:
    """Check what one section requires of another, before any teacher runs."""
    teacher, labels = parameters["teacher"], parameters["softlabels"]
    if teacher["source"] != "trained" and teacher["members"] != 1:
        raise ConfigError(
            f"teacher.members is {teacher['members']}, but teacher.path holds one teacher. Set "
            "teacher.members to 1."
        )
    if teacher["architecture"]["name"] == FROM_TEACHER:
        raise ConfigError(
            f"Only a student can use {FROM_TEACHER}. Set teacher.architecture.name to an "
            "architecture."
        )
    data, columns = parameters["data"], parameters["data"]["columns"]
    if data["source"] in CORPORA:
        _check_corpus(parameters)
    for name in ("teacher", "student"):
        architecture = parameters[name]["architecture"]["name"]
        if data["source"] == "table" and not columns["image"] and architecture == "resnet":
            raise ConfigError(
                f"{name}.architecture is resnet, which needs images, but data.columns.image is not "
                "set. Set it, or choose groups.teacher=mlp_ensemble and groups.student=mlp."
            )
    if data["source"] not in CORPORA:
        _check_texts(parameters)
    _check_objective(parameters["objective"], labels, teacher["mode"])
    _check_ensemble(teacher["members"], labels)


def _check_corpus(parameters: Mapping[str, Any]) -> None:
    """Check what running text requires of the other sections."""
    for name in ("teacher", "student"):
        architecture = parameters[name]["architecture"]["name"]
        if architecture not in ("transformer", "given", FROM_TEACHER):
            raise ConfigError(
                f"{name}.architecture is {architecture}, but running text needs a model of "
                "tokens. Set groups.experiment=causal_lm, or an architecture whose name is "
                "transformer."
            )
    for key, value, why, instead in (
        ("softlabels.features", "pooled", "features of sequences cannot be stored yet", "none"),
        (
            "trainer.strategy",
            "fsdp",
            "the output layer of a language model cannot be sharded yet",
            "ddp",
        ),
    ):
        if _at(parameters, key) == value:
            raise ConfigError(f"{key} is {value}, but {why}. Set it to {instead}.")
    terms = parameters["objective"]["terms"]
    used = [name for name in FEATURE_TERMS if terms[name]]
    if used and parameters["teacher"]["mode"] == "cached":
        raise ConfigError(
            f"objective.terms.{used[0]} compares features, but features of sequences cannot be "
            "stored. Set teacher.mode=live, or groups.objective=tokens."
        )


def _check_texts(parameters: Mapping[str, Any]) -> None:
    """Check that a transformer gets tokens, and an mlp hashed text."""
    data = parameters["data"]
    is_text = data["source"] == "table" and bool(data["columns"]["text"])
    if not is_text:
        return
    is_tokens = data["text"]["encoding"] == "tokens"
    wrong = "mlp" if is_tokens else "transformer"
    built = ["student"] + ["teacher"] * (parameters["teacher"]["source"] == "trained")
    for name in built:
        architecture = parameters[name]["architecture"]["name"]
        if architecture == wrong:
            encoding = data["text"]["encoding"]
            raise ConfigError(
                f"{name}.architecture is {architecture}, but data.text.encoding is {encoding}. "
                "Use a transformer with encoding=tokens, or an mlp with encoding=hashed."
            )


def _at(parameters: Mapping[str, Any], key: str) -> object:
    value: Any = parameters
    for part in key.split("."):
        value = value[part]
    return value


def _check_objective(objective: Mapping[str, Any], labels: Mapping[str, Any], mode: str) -> None:
    """Check that there is something to learn, and that the soft labels hold what the terms need."""
    used = [name for name, weight in objective["terms"].items() if weight]
    if not used and objective["hard_weight"] != 1:
        raise ConfigError(
            "All weights of objective.terms are 0, so the student has nothing to learn. Set one of "
            "them, for example objective.terms.forward_kl=1, or set objective.hard_weight=1."
        )
    if mode == "live":  # which has every logit and every hidden state
        return
    _check_features([name for name in used if name in FEATURE_TERMS], objective, labels)
    answers = [name for name in used if name not in FEATURE_TERMS]
    _check_terms(answers, objective["missing_mass"], labels["sparsifier"])
    if "decoupled_topk" in answers:
        _check_temperature(1.0, "decoupled_topk needs temperature", labels)
    if set(answers) - {"decoupled_topk"}:
        _check_temperature(objective["temperature"], "objective.temperature is", labels)


def _check_features(
    used: Sequence[str], objective: Mapping[str, Any], labels: Mapping[str, Any]
) -> None:
    """Check that the features that the terms compare are stored."""
    if not used:
        return
    if "attention_transfer" in used or objective["positions"] == "each":
        what = "attention_transfer" if "attention_transfer" in used else "objective.positions=each"
        raise ConfigError(
            f"{what} compares hidden states at each position, but the stored ones are averages "
            "over positions. Set teacher.mode=live, or use another term with "
            "objective.positions=pooled."
        )
    if labels["features"] == "none":
        raise ConfigError(
            f"objective.terms.{used[0]} compares features, but softlabels.features is none. "
            "Set softlabels.features=pooled, or teacher.mode=live."
        )


def _check_terms(used: Sequence[str], missing_mass: str, sparsifier: str) -> None:
    """Check that each term can be computed from the stored soft labels."""
    headless = [name for name in used if name in ("reverse_kl", "decoupled_topk")]
    if headless and sparsifier not in ("full", "topk"):
        raise ConfigError(
            f"objective.terms.{headless[0]} needs the most probable entries and the mass of the "
            f"tail, but {sparsifier} soft labels do not store these. Set groups.softlabels=topk or "
            "full."
        )
    if "reverse_kl" in used and missing_mass != "tail_bucket":
        raise ConfigError(
            f"objective.missing_mass is {missing_mass}, which gives the tail probability 0, and "
            "there reverse_kl is infinite. Set it to tail_bucket."
        )


def _check_temperature(temperature: float, words: str, labels: Mapping[str, Any]) -> None:
    """Check that the soft labels can be read at the temperature of the loss."""
    kind, captured = labels["sparsifier"], labels["temperatures"]
    if kind == "topk" and temperature not in captured:
        raise ConfigError(
            f"{words} {temperature}, but topk soft labels are stored only for the temperatures "
            f"{', '.join(map(str, captured))}. Add it to softlabels.temperatures, or set "
            "groups.softlabels=full."
        )
    if kind not in ("full", "topk") and temperature != labels["temperature"]:
        raise ConfigError(
            f"{words} {temperature}, but {kind} soft labels are unbiased only at "
            f"softlabels.temperature={labels['temperature']}. Set both to one value, or set "
            "groups.softlabels=full."
        )


def _check_ensemble(members: int, labels: Mapping[str, Any]) -> None:
    """Check that the stored answers of several teachers can be combined."""
    kind, weights = labels["sparsifier"], labels["weights"]
    if weights is not None and len(weights) != members:
        raise ConfigError(
            f"softlabels.weights has {len(weights)} values, but teacher.members is {members}. "
            "Give one weight for each teacher, or null for equal weights."
        )
    if members == 1 or labels["combine"] == "capture":
        return
    if kind == "topk" or (labels["mean"] == "logit" and kind != "full"):
        raise ConfigError(
            f"The mean {labels['mean']} of {members} teachers cannot be computed exactly from "
            f"{kind} soft labels. Set softlabels.combine=capture, groups.softlabels=full, or "
            "teacher.members=1."
        )


def _check_section(name: str, section: type, value: object) -> None:
    try:
        # Strict: "3" is not 3. By way of JSON, since strict Python input must be the class itself.
        TypeAdapter(section).validate_json(json.dumps(value), strict=True)
    except TypeError as error:
        raise ConfigError(
            f"{name} has a value that is not a text, number, list or null: {error}. Change it in "
            "params.yaml or --params."
        ) from error
    except ValidationError as error:
        raise ConfigError(first_error(name, section, error)) from error
