"""conf/composed.yaml is written for DVC, and a run under DVC must agree with it."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from stillroom.config.dvc.composed_file import COMPOSED, require_equal, write_composed
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
    stat = model.stat()
    model.write_bytes(b"4321")
    os.utime(model, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert write_composed(parameters, tmp_path).read_bytes() != before
    require_equal(parameters, tmp_path, "default")
    model.write_bytes(b"1234")  # at another time, as in another clone
    assert write_composed(parameters, tmp_path).read_bytes() == before


def test_the_encoder_beside_an_onnx_file_changes_what_the_stage_teachers_depends_on(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "net.onnx").write_bytes(b"broken")
    (folder / "preprocessor_config.json").write_text('{"classes": ["a", "b"]}')
    teacher = {"source": "onnx", "path": "models/net.onnx", "licence": "own", "mode": "cached"}
    parameters = {"teacher": teacher, "teachers": []}

    def written() -> dict[str, Any]:
        path = write_composed(parameters, tmp_path, separate={"teacher.mode"})
        require_equal(parameters, tmp_path, "default")
        content: dict[str, Any] = yaml.safe_load(path.read_text())
        return content

    before = written()
    (folder / "preprocessor_config.json").write_text('{"classes": ["b", "a"]}')
    after = written()
    assert before["rest"]["teacher"] != after["rest"]["teacher"]
    assert before["teacher"] == after["teacher"] == teacher


def test_an_edited_tokenizer_changes_what_ingest_depends_on(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "tokenizer.json").write_text("{}")
    parameters = {"data": {"path": "d", "text": {"tokenizer": "t", "length": 8}}}
    before = yaml.safe_load(write_composed(parameters, tmp_path).read_text())["data"]
    require_equal(parameters, tmp_path, "default")
    (tmp_path / "t" / "tokenizer.json").write_text("[]")
    after = yaml.safe_load(write_composed(parameters, tmp_path).read_text())["data"]
    assert before != after
    require_equal(parameters, tmp_path, "default")
    none = {"data": {"path": "d", "text": {"tokenizer": None}}}
    assert yaml.safe_load(write_composed(none, tmp_path).read_text())["data"] == none["data"]


def test_an_edited_start_changes_what_its_student_depends_on(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "config.json").write_text("{}")
    small, mlp = {"path": "small", "licence": None}, {"path": None}
    students = {"small": small, "mlp": mlp}
    before = yaml.safe_load(write_composed({"student": small}, tmp_path, students).read_text())
    require_equal({"student": small}, tmp_path, "small")
    require_equal({"student": mlp}, tmp_path, "mlp")
    for changed, content in (("config.json", "[]"), ("README.md", "x")):
        (tmp_path / "small" / changed).write_text(content)
        after = yaml.safe_load(write_composed({"student": small}, tmp_path, students).read_text())
        assert before["students"]["small"] != after["students"]["small"]
        assert before["student"] != after["student"]
        assert before["students"]["mlp"] == after["students"]["mlp"] == mlp
        before = after


def test_a_listed_teacher_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    listed = [{"source": "given", "path": "a"}, {"source": "onnx", "path": "b.onnx"}]
    with pytest.raises(ConfigError, match=r"teachers\.1\.path is b\.onnx, which does not exist"):
        write_composed({"teachers": listed}, tmp_path)


def test_a_value_that_stands_in_two_places_is_written_in_both(tmp_path: Path) -> None:
    shared = {"name": "mlp", "hidden": [16]}
    path = write_composed({"student": {"architecture": shared}, "other": shared}, tmp_path)
    text = path.read_text(encoding="utf-8")
    assert "&" not in text
    assert "*" not in text
    assert text.count("name: mlp") == 2
