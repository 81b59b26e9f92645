"""Composition: layers, choices, and an error of one line for each kind of mistake."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from stillroom.config.compose import compose
from stillroom.config.plug_in_choices import choices_of
from stillroom.errors import ConfigError
from stillroom.registry import registry_of


def params(project: Path, **content: Any) -> None:
    path = project / "params.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | content))


def test_the_default_is_digits_with_one_label_in_ten(project: Path) -> None:
    data = compose(project)["data"]
    assert (data["source"], data["label_fraction"], data["path"]) == ("digits", 0.1, "data/01_raw")


def test_runtime_wins_over_params_yaml_which_wins_over_the_group(project: Path) -> None:
    assert compose(project)["student"]["epochs"] == 40
    params(project, student={"epochs": 5, "lr": 0.5})
    composed = compose(project, {"student": {"epochs": 3}})
    assert (composed["student"]["epochs"], composed["student"]["lr"]) == (3, 0.5)


def test_a_choice_and_a_value_of_one_group_go_together(project: Path) -> None:
    composed = compose(project, {"groups": {"student": "tiny"}, "student": {"epochs": 3}})
    assert composed["student"]["architecture"]["options"]["hidden"] == [16]
    assert composed["student"]["epochs"] == 3


def test_a_flag_and_params_yaml_compose_to_the_same_parameters(project: Path) -> None:
    by_flag = compose(project, {"groups": {"student": "tiny"}, "student": {"epochs": 3}})
    params(project, groups={"student": "tiny"}, student={"epochs": 3})
    assert compose(project) == by_flag


def test_an_experiment_chooses_groups_and_a_named_group_wins_over_it(project: Path) -> None:
    (project / "conf/hydra/experiment/mine.yaml").write_text(
        "# @package _global_\n"
        "defaults:\n  - override /student: tiny\n  - override /data: idx\n"
        "student:\n  epochs: 7\n"
    )
    composed = compose(project, {"groups": {"experiment": "mine"}})
    assert composed["data"]["source"] == "idx"
    assert composed["student"]["architecture"]["options"]["hidden"] == [16]
    assert composed["student"]["epochs"] == 7
    both = compose(project, {"groups": {"experiment": "mine", "student": "mlp"}})
    assert both["student"]["architecture"]["options"]["hidden"] == [64]


def test_interpolations_resolve_after_the_overrides(project: Path) -> None:
    params(project, student={"epochs": "${teacher.epochs}"})
    assert compose(project, {"teacher": {"epochs": 11}})["student"]["epochs"] == 11


@pytest.mark.parametrize("name", ["1.0", "comp.graphics", "a.b.c", ".", "a..b", "1.5.", "plain"])
def test_a_dot_is_part_of_the_name_of_a_class_or_a_slice(project: Path, name: str) -> None:
    names, slices = {name: "x.y", "LABEL_0": "z"}, {name: "pl.col('label') == 1"}
    params(
        project,
        groups={"teacher": "given"},
        teacher={"path": "m", "class_names": names},
        evaluate={"slices": slices},
    )
    composed = compose(project, {"teacher": {"class_names": {"LABEL_0": "w", "LABEL_1": "v"}}})
    assert composed["teacher"]["class_names"] == names | {"LABEL_0": "w", "LABEL_1": "v"}
    assert composed["evaluate"]["slices"] == slices


def test_the_flag_names_a_class_with_a_dot_by_its_parts(project: Path) -> None:
    nested = {"class_names": {"1": {"0": "bad"}, "comp": {"graphics": "art", "os": "art"}}}
    composed = compose(
        project, {"groups": {"teacher": "given"}, "teacher": {"path": "m", **nested}}
    )
    names = {"1.0": "bad", "comp.graphics": "art", "comp.os": "art"}
    assert composed["teacher"]["class_names"] == names


@pytest.mark.parametrize(
    ("runtime", "words"),
    [
        ({"student": {"epoch": 3}}, ["student.epoch", "student.epochs"]),
        ({"studnet": {"epochs": 3}}, ["studnet.epochs", "student.epochs"]),
        ({"objective": {"temperatur": 3}}, ["objective.temperatur", "objective.temperature"]),
        ({"groups": {"student": "tinny"}}, ["groups.student=tinny", "tiny", "mlp, tiny"]),
        (
            {"groups": {"studet": "tiny"}},
            ["studet is not a config group. Did you mean student?", "objective"],
        ),
        ({"groups": "tiny"}, ["groups is 'tiny'"]),
        ({"student": 3}, ["student is a section", "epochs"]),
        ({"student": {"epochs": {"x": 1}}}, ["student.epochs is a value"]),
        ({"student": {"epochs": "x"}}, ["student.epochs is 'x'", "whole number"]),
        ({"student": {"epochs": "3"}}, ["student.epochs is '3'", "whole number"]),
        ({"student": {"epochs": 3.5}}, ["student.epochs is 3.5", "whole number"]),
        ({"student": {"epochs": True}}, ["student.epochs is True", "whole number"]),
        ({"student": {"lr": -1}}, ["student.lr is -1", "greater than 0"]),
        ({"student": {"lr": float("nan")}}, ["student.lr is nan", "finite"]),
        ({"student": {"lr": "${student.nope}"}}, ["student.nope"]),
        ({"softlabels": {"k": 0}}, ["softlabels.k is 0", "at least 1"]),
        ({"data": {"source": "digit"}}, ["data.source is digit", "Did you mean digits?"]),
        ({"data": {"test": 1.0}}, ["data.test is 1.0", "less than 1"]),
        ({"_target_": "os.system"}, ["_target_"]),
        (
            {"groups": {"data": "table"}, "data": {"columns": {"text": "text"}}},
            ["teacher.architecture is resnet", "groups.teacher=mlp_ensemble"],
        ),
        ({"groups": {"teacher": "given"}, "teacher": {"members": 3}}, ["teacher.members is 3"]),
        (
            {
                "groups": {"softlabels": "topk"},
                "teacher": {"members": 1},
                "objective": {"temperature": 3.0},
            },
            ["objective.temperature is 3.0", "softlabels.temperatures"],
        ),
        ({"objective": {"terms": {"kl": 1.0}}}, ["objective.terms.kl", "objective.terms.dkd"]),
        (
            {"objective": {"terms": {"forward_kl": 0.0}}},
            ["All weights of objective.terms are 0", "objective.hard_weight=1"],
        ),
        (
            {
                "groups": {"softlabels": "topk", "objective": "decoupled_topk"},
                "softlabels": {"temperatures": [4.0], "combine": "capture"},
            },
            ["decoupled_topk needs temperature 1.0", "softlabels.temperatures"],
        ),
        (
            {"groups": {"softlabels": "threshold", "objective": "reverse_kl"}},
            [
                "objective.terms.reverse_kl needs the most probable entries",
                "groups.softlabels=topk",
            ],
        ),
        (
            {
                "groups": {"softlabels": "topk", "objective": "reverse_kl"},
                "softlabels": {"combine": "capture"},
                "objective": {"missing_mass": "renormalise"},
            },
            ["objective.missing_mass is renormalise", "tail_bucket"],
        ),
    ],
)
def test_an_error_is_one_line_that_names_the_key_and_the_way_out(
    project: Path, runtime: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as raised:
        compose(project, runtime)
    message = str(raised.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_params_yaml_that_is_not_yaml_is_named(project: Path) -> None:
    (project / "params.yaml").write_text("groups: [")
    with pytest.raises(ConfigError, match=r"params\.yaml is not YAML"):
        compose(project)


def test_missing_params_yaml_is_named_with_the_way_out(project: Path) -> None:
    (project / "params.yaml").unlink()
    with pytest.raises(ConfigError, match=r"git checkout params\.yaml"):
        compose(project)


def test_a_value_without_a_default_must_be_set(project: Path) -> None:
    (project / "params.yaml").write_text("teacher: {path: x}\n")
    with pytest.raises(ConfigError, match=r"data\.path has no value"):
        compose(project)


def test_every_choice_of_every_group_composes(project: Path) -> None:
    hydra = project / "conf/hydra"
    images = {"data": {"columns": {"image": "image"}}}
    for group in ("data", "teacher", "softlabels", "student", "objective", "trainer"):
        for choice in choices_of(hydra, group):
            # Heads of several teachers can only be combined at capture.
            alone = {"softlabels": {"combine": "capture"}} if choice == "topk" else {}
            if group == "objective":
                mode = "live" if choice in ("attention_transfer", "distilbert") else "cached"
                alone = {"softlabels": {"features": "pooled"}, "teacher": {"mode": mode}}
            groups = {group: choice}
            if group == "data" and registry_of("sources").load(choice).gives != "examples":
                groups["experiment"] = "causal_lm"
            if choice in ("causal_lm", "masked_lm"):  # models of tokens
                groups["experiment"] = "causal_lm"
            composed = compose(project, {"groups": groups} | images | alone)
            if group == "data" and choice not in ("corpus", "chat"):
                assert composed["data"]["source"] == choice
            if group == "softlabels":
                assert composed["softlabels"]["sparsifier"] == choice


def test_the_base_of_a_group_is_not_a_choice(project: Path) -> None:
    assert "base" not in choices_of(project / "conf/hydra", "data")


@pytest.mark.parametrize(
    "slices",
    [
        {"f": "oc.env", "x": "${${evaluate.slices.f}:MY_SECRET}"},
        {"f": "env", "x": "${oc.${.f}:MY_SECRET}"},
        {"f": "$", "x": "${.f}{oc.env:MY_SECRET}"},
        {"f": "{oc.env:MY_SECRET}", "g": "$", "x": "${.g}${.f}"},
        {"f": "oc.env:MY_SECRET", "x": "${${.f}}"},
    ],
)
@pytest.mark.parametrize("is_file", [True, False])
def test_no_secret_of_the_environment_is_composed(
    project: Path, monkeypatch: pytest.MonkeyPatch, slices: dict[str, str], is_file: bool
) -> None:
    monkeypatch.setenv("MY_SECRET", "hunter2")
    given = {"evaluate": {"slices": slices}}
    if is_file:
        params(project, **given)
    with pytest.raises(ConfigError) as error:
        compose(project, None if is_file else given)
    assert "hunter2" not in str(error.value)


def test_functions_in_a_file_that_no_check_read_are_not_called(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "hunter2")
    monkeypatch.setattr("stillroom.config.compose.check_hydra_files", lambda hydra: None)
    choice = project / "conf/hydra/trainer/mine.yaml"
    choice.write_text("defaults: [base, _self_]\naccelerator: ${oc.env:MY_SECRET}\n")
    with pytest.raises(ConfigError, match=r"^The configuration .* are not read") as error:
        compose(project, {"groups": {"trainer": "mine"}})
    assert "hunter2" not in str(error.value)
