from pathlib import Path

import pytest
from support.licences_and_lineage import given_licence

from stillroom.errors import DataError
from stillroom.training.job import Start
from stillroom.training.run_provenance import (
    FILE,
    StartProvenance,
    read_provenance,
    require_trained_with,
    start_provenance,
    write_provenance,
)

HOW = {"student": {"epochs": 3, "transfer": {"without": ["a"]}}, "objective": {"temperature": 2.0}}


def test_the_provenance_of_runs_is_read_back(tmp_path: Path) -> None:
    write_provenance(tmp_path, "ab" * 32, HOW)
    provenance = read_provenance(tmp_path)
    assert provenance is not None
    assert (provenance.soft_labels, provenance.parameters) == ("ab" * 32, HOW)


def test_a_start_is_read_back_with_its_licence(tmp_path: Path) -> None:
    (licence,) = given_licence(conditions=("Say so.",)).teachers
    start = Start(path="/models/small", weights="cd" * 32, architecture="ef" * 32)
    assert start_provenance(start, None) is None
    assert start_provenance(None, licence) is None
    write_provenance(tmp_path, "ab" * 32, HOW, start_provenance(start, licence))
    provenance = read_provenance(tmp_path)
    assert provenance is not None
    assert provenance.start == StartProvenance(weights="cd" * 32, licence=licence)
    assert "/models" not in (tmp_path / FILE).read_text()


@pytest.mark.parametrize("content", [None, "{", "[]", '{"soft_labels": 3}', '{"other": "x"}'])
def test_what_says_nothing_of_it_is_not_known(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / FILE).write_text(content)
    assert read_provenance(tmp_path) is None
    require_trained_with(tmp_path, {"student": {"epochs": 7}})


def test_other_parameters_are_refused_by_name(tmp_path: Path) -> None:
    write_provenance(tmp_path, "ab" * 32, HOW)
    tuples = {"epochs": 3, "transfer": {"without": ("a",)}}
    same = HOW | {"student": tuples, "evaluate": {"bins": 15}}
    require_trained_with(tmp_path, same)
    with pytest.raises(
        DataError,
        match=r"\.epochs=3, but this run has student\.epochs=40\. Pass the same --params",
    ):
        require_trained_with(tmp_path, same | {"student": tuples | {"epochs": 40}})
    with pytest.raises(
        DataError,
        match=r"\.temperature=2\.0, but this run has objective\.temperature=None",
    ):
        require_trained_with(tmp_path, {"student": tuples})
