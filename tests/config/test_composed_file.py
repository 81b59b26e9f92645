"""conf/composed.yaml is written for DVC, and a run under DVC must agree with it."""

from pathlib import Path

import pytest
import yaml

from stillroom.config.composed_file import COMPOSED, require_equal, write_composed
from stillroom.errors import ConfigError

PARAMETERS = {"student": {"epochs": 3, "options": {"hidden": [16]}}, "empty": {}}


def test_written_parameters_are_equal_to_themselves(tmp_path: Path) -> None:
    write_composed(PARAMETERS, tmp_path)
    require_equal(PARAMETERS, tmp_path, "default")


def test_a_different_value_is_named_with_both_sides(tmp_path: Path) -> None:
    write_composed(PARAMETERS, tmp_path)
    other = {**PARAMETERS, "student": {"epochs": 4, "options": {"hidden": [16]}}}
    with pytest.raises(
        ConfigError, match=r"student.epochs is 4 in this run but 3 in conf/composed.yaml"
    ):
        require_equal(other, tmp_path, "default")


def test_a_key_that_only_one_side_has_is_named(tmp_path: Path) -> None:
    write_composed(PARAMETERS, tmp_path)
    with pytest.raises(ConfigError, match="trainer"):
        require_equal({**PARAMETERS, "trainer": 1}, tmp_path, "default")


def test_a_missing_file_names_the_command_that_writes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="dvc repro compose"):
        require_equal(PARAMETERS, tmp_path, "default")


def test_equal_parameters_give_equal_bytes_regardless_of_their_order(tmp_path: Path) -> None:
    write_composed({"b": 1, "a": {"d": 1, "c": 2}}, tmp_path)
    first = (tmp_path / COMPOSED).read_bytes()
    write_composed({"a": {"c": 2, "d": 1}, "b": 1}, tmp_path)
    assert (tmp_path / COMPOSED).read_bytes() == first


def test_a_run_for_another_student_is_compared_with_its_section(tmp_path: Path) -> None:
    tiny, large = {"epochs": 1}, {"epochs": 9}
    write_composed({"student": tiny, "trainer": 0}, tmp_path, {"tiny": tiny, "large": large})
    require_equal({"student": tiny, "trainer": 0}, tmp_path, "tiny")
    require_equal({"student": large, "trainer": 0}, tmp_path, "large")
    with pytest.raises(ConfigError, match=r"student.epochs is 1 in this run but 9"):
        require_equal({"student": tiny, "trainer": 0}, tmp_path, "large")
    with pytest.raises(ConfigError, match=r"trainer is 1 in this run but 0"):
        require_equal({"student": large, "trainer": 1}, tmp_path, "large")


def test_the_rest_of_a_section_leaves_out_the_keys_that_stand_alone(tmp_path: Path) -> None:
    teacher = {"epochs": 3, "mode": "live", "of_a_plug_in": 0.3}
    parameters = {"teacher": teacher, "trainer": {"threads": 1}}
    path = write_composed(parameters, tmp_path, separate={"teacher.mode"})
    content = yaml.safe_load(path.read_text())
    assert content["rest"] == {"teacher": {"epochs": 3, "of_a_plug_in": 0.3}}
    assert content["teacher"] == teacher
    require_equal(parameters, tmp_path, "default")


def test_a_changed_file_of_a_listed_teacher_changes_what_dvc_sees(tmp_path: Path) -> None:
    model = tmp_path / "models" / "a" / "model.safetensors"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"1234")
    parameters = {"teachers": [{"source": "given", "path": "models/a"}, {"source": "remote"}]}
    before = write_composed(parameters, tmp_path).read_bytes()
    require_equal(parameters, tmp_path, "default")
    assert write_composed(parameters, tmp_path).read_bytes() == before
    model.write_bytes(b"12345")
    assert write_composed(parameters, tmp_path).read_bytes() != before
    require_equal(parameters, tmp_path, "default")
