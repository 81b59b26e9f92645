"""The checks of the composed parameters, within a section and between sections."""

from pathlib import Path
from typing import Any

import pytest

from stillroom.config.compose import compose
from stillroom.config.cross_checks import check
from stillroom.config.schema import SECTIONS
from stillroom.errors import ConfigError


def test_a_composed_dict_comes_back_unchanged(project: Path) -> None:
    composed = compose(project)
    assert check(composed) == composed
    assert list(SECTIONS) == sorted(composed, key=list(SECTIONS).index)


def test_a_missing_section_is_named(project: Path) -> None:
    composed = compose(project)
    del composed["student"]
    with pytest.raises(ConfigError, match="student is missing"):
        check(composed)


def test_an_unknown_section_names_the_nearest(project: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean student"):
        check(compose(project) | {"studnet": {}})


SPARSE = ["topk", "sample", "threshold", "threshold_fixed"]
UNBIASED = SPARSE[1:]


def composed(project: Path, labels: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the values to check: the composed default with changes."""
    values = compose(project)
    for section, changes in {"softlabels": labels, **more}.items():
        values[section] = values[section] | changes
    return values


def refusal(values: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as raised:
        check(values)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("kind", "mean"),
    [("topk", "probability"), *((kind, "logit") for kind in SPARSE)],
)
def test_labels_that_cannot_be_combined_exactly_name_three_ways_out(
    project: Path, kind: str, mean: str
) -> None:
    labels = {"sparsifier": kind, "mean": mean}
    message = refusal(composed(project, labels, teacher={"members": 2}))
    assert f"mean {mean} of 2 teachers cannot be computed exactly from {kind}" in message
    ways = ["softlabels.combine=capture", "groups.softlabels=full", "teacher.members=1"]
    assert [way for way in ways if way not in message] == []
    assert check(composed(project, labels | {"combine": "capture"}, teacher={"members": 2}))
    assert check(composed(project, labels | {"sparsifier": "full"}, teacher={"members": 2}))
    assert check(composed(project, labels, teacher={"members": 1}))


@pytest.mark.parametrize("kind", ["full", *UNBIASED])
def test_the_mean_of_probabilities_is_allowed_for_unbiased_labels(project: Path, kind: str) -> None:
    assert check(composed(project, {"sparsifier": kind}, teacher={"members": 3}))


@pytest.mark.parametrize("kind", UNBIASED)
def test_unbiased_labels_are_valid_only_at_their_own_temperature(project: Path, kind: str) -> None:
    labels = {"sparsifier": kind, "temperature": 2.0}
    message = refusal(composed(project, labels, objective={"temperature": 4.0}))
    assert f"{kind} soft labels are unbiased only at softlabels.temperature=2.0" in message
    assert check(composed(project, labels, objective={"temperature": 2.0}))


def test_full_labels_are_valid_at_any_temperature_and_topk_at_the_stored_ones(
    project: Path,
) -> None:
    warm = {"objective": {"temperature": 3.0}, "teacher": {"members": 1}}
    assert check(composed(project, {"sparsifier": "full"}, **warm))
    message = refusal(composed(project, {"sparsifier": "topk"}, **warm))
    assert "1.0, 2.0, 4.0, 8.0, 20.0" in message
    assert check(composed(project, {"sparsifier": "topk", "temperatures": [3.0]}, **warm))


@pytest.mark.parametrize("combine", ["read", "capture"])
def test_there_is_one_weight_for_each_teacher(project: Path, combine: str) -> None:
    labels = {"weights": [2.0, 1.0], "combine": combine}
    message = refusal(composed(project, labels, teacher={"members": 3}))
    assert "softlabels.weights has 2 values, but teacher.members is 3" in message
    assert check(composed(project, labels, teacher={"members": 2}))


def terms(project: Path, **weights: float) -> dict[str, Any]:
    return {"objective": {"terms": compose(project)["objective"]["terms"] | weights}}


@pytest.mark.parametrize("name", ["hidden_mse", "rkd_angle", "similarity_preserving"])
def test_compared_features_are_stored_or_from_a_live_teacher(project: Path, name: str) -> None:
    wanted = terms(project, **{name: 1.0})
    with pytest.raises(ConfigError, match=rf"terms\.{name} compares .*features=pooled, or teacher"):
        check(composed(project, {}, **wanted))
    check(composed(project, {"features": "pooled"}, **wanted))
    check(composed(project, {}, **wanted, teacher={"mode": "live"}))


def test_pooled_features_cannot_be_compared_by_position(project: Path) -> None:
    attention = terms(project, attention_transfer=1.0)
    each = terms(project, hidden_mse=1.0)
    each["objective"]["positions"] = "each"
    for wanted, words in ((attention, "attention_transfer"), (each, "objective.positions=each")):
        with pytest.raises(ConfigError, match=rf"{words} compares .* teacher\.mode=live"):
            check(composed(project, {"features": "pooled"}, **wanted))
        check(composed(project, {}, **wanted, teacher={"mode": "live"}))


def test_a_live_teacher_has_every_temperature(project: Path) -> None:
    labels = {"sparsifier": "topk", "combine": "capture"}
    hot = {"objective": {"temperature": 3.0}}
    with pytest.raises(ConfigError, match=r"objective\.temperature is 3"):
        check(composed(project, labels, **hot))
    check(composed(project, labels, **hot, teacher={"mode": "live"}))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("student.architecture", {"name": "mlp", "options": {}}, "student.architecture is mlp"),
        ("teacher.architecture", {"name": "resnet", "options": {}}, "teacher.architecture is"),
        ("trainer.strategy", "fsdp", "cannot be sharded yet"),
    ],
)
def test_unsupported_settings_for_running_text_are_errors(
    project: Path, key: str, value: object, words: str
) -> None:
    values = compose(project, {"groups": {"experiment": "causal_lm"}})
    section, name = key.split(".")
    assert words in refusal(values | {section: values[section] | {name: value}})


def test_features_of_sequences_are_stored_or_from_a_live_teacher(project: Path) -> None:
    values = compose(project, {"groups": {"experiment": "causal_lm"}})
    terms = values["objective"]["terms"] | {"hidden_cosine": 1.0}
    compared = values["objective"] | {"terms": terms}
    words = refusal(values | {"objective": compared})
    assert "hidden_cosine compares features, but softlabels.features is none" in words
    live = values["teacher"] | {"mode": "live"}
    stored = values["softlabels"] | {"features": "pooled"}
    for changed in ({"teacher": live}, {"softlabels": stored}):
        both = values | {"objective": compared} | changed
        assert check(both) == both


def texts(project: Path, encoding: str = "hashed", **more: Any) -> dict[str, Any]:
    values = composed(project, {}, **more)
    data = values["data"]
    text = data["text"] | {"encoding": encoding}
    columns = data["columns"] | {"text": "text"}
    values["data"] = data | {"source": "table", "columns": columns, "text": text}
    return values


MLP = {"architecture": {"name": "mlp", "options": {}}}
BERT = {"architecture": {"name": "transformer", "options": {"model_type": "bert"}}}
ALONE = {"members": 1, "source": "sentence"}


@pytest.mark.parametrize("source", ["given", "sentence"])
def test_a_teacher_path_holds_one_member(project: Path, source: str) -> None:
    message = refusal(texts(project, student=MLP, teacher={"source": source, "members": 2}))
    assert message == (
        "teacher.members is 2, but teacher.path holds one teacher. Set teacher.members to 1, "
        "or name each teacher in the list teachers."
    )


@pytest.mark.parametrize(
    ("encoding", "student", "teacher", "words"),
    [
        ("tokens", MLP, BERT, "student.architecture is mlp, but data.text.encoding is tokens"),
        ("hashed", BERT, MLP, "student.architecture is transformer, but data.text.encoding is"),
        ("tokens", BERT, MLP, "teacher.architecture is mlp"),
    ],
)
def test_tokens_are_for_transformers_and_hashed_text_for_perceptrons(
    project: Path, encoding: str, student: Any, teacher: Any, words: str
) -> None:
    assert words in refusal(texts(project, encoding, student=student, teacher=teacher))


def test_a_teacher_that_is_not_trained_here_has_an_encoding_of_its_own(project: Path) -> None:
    assert check(texts(project, "hashed", student=MLP, teacher=ALONE | BERT))
    assert check(texts(project, "tokens", student=BERT, teacher=ALONE | MLP))
