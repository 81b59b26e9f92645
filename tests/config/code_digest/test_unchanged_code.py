"""conf/code.yaml is written for DVC, and a stage under DVC must have the code that it describes."""

from pathlib import Path

import pytest

from stillroom.config.code_digest.unchanged_code import CODE, require_equal_code, write_code
from stillroom.errors import ConfigError


def test_it_has_one_line_for_each_stage_sorted(tmp_path: Path) -> None:
    write_code({"train": "b" * 64, "capture": "1" * 64}, tmp_path)
    comment, *lines = (tmp_path / CODE).read_text().splitlines()
    assert comment.startswith("# Written by `kedro compose`")
    # Quoted, since YAML would read these digits as a number.
    assert lines == [f"capture: '{'1' * 64}'", f"train: {'b' * 64}"]


def test_the_same_code_is_accepted(tmp_path: Path) -> None:
    write_code({"train": "a", "capture": "1e9"}, tmp_path)
    require_equal_code("a", tmp_path, "train")
    require_equal_code("1e9", tmp_path, "capture")


@pytest.mark.parametrize("stage", ["train", "report"])
def test_other_code_is_refused_with_the_name_of_the_stage(tmp_path: Path, stage: str) -> None:
    write_code({"train": "a"}, tmp_path)
    with pytest.raises(ConfigError, match=rf"code of {stage} is not .*conf/code\.yaml.*dvc repro"):
        require_equal_code("b", tmp_path, stage)


def test_a_missing_file_names_the_command_that_writes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="dvc repro compose"):
        require_equal_code("a", tmp_path, "train")
