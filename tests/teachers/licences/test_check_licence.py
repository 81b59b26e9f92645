"""The licence check: which teachers are permitted, and the one line of a refusal."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.licences_and_lineage import given_licence, own_licence, write_card

from stillroom.config.compose import compose
from stillroom.config.schema import Teacher
from stillroom.errors import LicenceError, ModelError
from stillroom.teachers.licences.check_licence import licence_of, require_covered, require_permitted
from stillroom.teachers.licences.licence_document import Licence, TeacherLicence

ROOT = Path(__file__).resolve().parents[3]
GIVEN = Teacher(**compose(ROOT, {"groups": {"teacher": "given"}})["teacher"])


def of(root: Path, **changes: Any) -> TeacherLicence:
    """Return the licence of the teacher in the folder `big`."""
    given = replace(GIVEN, **({"path": "big"} | changes)).as_given()
    (entry,) = licence_of([given], 1, root).teachers
    return entry


def test_teachers_that_are_trained_here_are_allowed_by_themselves(tmp_path: Path) -> None:
    licence = licence_of([], 3, tmp_path)
    assert [one.teacher for one in licence.teachers] == ["member_0", "member_1", "member_2"]
    assert {(one.verdict, one.read_from) for one in licence.teachers} == {
        ("allowed", "trained here")
    }
    require_permitted(licence)


@pytest.mark.parametrize("source", ["given", "sentence"])
def test_a_teacher_of_others_is_under_what_its_card_says(tmp_path: Path, source: Any) -> None:
    write_card(tmp_path / "big", "license: Apache-2.0")
    entry = of(tmp_path, source=source)
    assert (entry.teacher, entry.identifier, entry.verdict) == ("big", "apache-2.0", "allowed")
    assert (entry.read_from, entry.card, entry.hub_id) == ("model card", None, None)


def test_the_parameter_comes_before_the_card_and_both_are_recorded(tmp_path: Path) -> None:
    write_card(tmp_path / "big", "license: llama2")
    entry = of(tmp_path, licence="MIT")
    assert (entry.identifier, entry.verdict) == ("mit", "allowed")
    assert entry.read_from == "teacher.licence"
    assert entry.card == "llama2"
    assert of(tmp_path, licence="llama2").card is None


@pytest.mark.parametrize(
    ("front", "words"),
    [
        (
            "license: llama2",
            r"teacher big is under llama2 \(Llama 2 Community License, 2023-07-18, section "
            r"1\.b\.v\), which forbids training another model on its answers: answers may not be "
            r"used to improve any .*\. Choose another teacher, or set "
            r'teacher\.licence_acknowledged: "<why you may>", which the report prints\.',
        ),
        (
            "license: lama-2",
            r"teacher big is under 'lama-2'\. It is not known whether its answers may train "
            r"another model: the table does not have it\. Set teacher\.licence to a licence in "
            r"docs/licences\.md, or to `own` for your own model\. Did you mean \w+\? Or set ",
        ),
        ("tags: [a]", r"big names no licence.* not known .*: its model card names none\."),
        ("license: [mit, gpl-3.0]", r"under 'mit, gpl-3.0'.* not known .*: these are several\."),
        (
            "license: cohere-terms",
            r"not known .*: what they say of training on answers has not been",
        ),
        (None, r"big names no licence.* not known .*: it has no model card\."),
    ],
)
def test_forbidden_and_unknown_are_one_line_with_the_way_out(
    tmp_path: Path, front: str | None, words: str
) -> None:
    (tmp_path / "big").mkdir()
    if front is not None:
        write_card(tmp_path / "big", front)
    with pytest.raises(LicenceError, match=words) as raised:
        require_permitted(Licence(teachers=(of(tmp_path),)))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "front", ["license: own", "license: other\nlicense_name: own", "license: Deepseek_Terms"]
)
def test_a_card_cannot_give_ones_own_word(front: str, tmp_path: Path) -> None:
    write_card(tmp_path / "big", front)
    assert of(tmp_path).verdict == "unknown"
    assert of(tmp_path, licence="own").verdict == "allowed"


def test_where_nothing_lies_there_is_no_licence_to_look_for(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere does not exist\. Set teacher\.path"):
        of(tmp_path, path="nowhere")


def test_a_reason_lets_it_go_on_and_is_kept_in_one_line(tmp_path: Path) -> None:
    write_card(tmp_path / "big", "license: llama2")
    entry = of(tmp_path, licence_acknowledged="the student is\n  no language model\n")
    assert (entry.verdict, entry.acknowledged) == ("forbidden", "the student is no language model")
    require_permitted(Licence(teachers=(entry,)))


def test_a_reason_that_is_not_required_is_not_recorded(tmp_path: Path) -> None:
    write_card(tmp_path / "big", "license: mit")
    assert of(tmp_path, licence_acknowledged="to be sure").acknowledged is None


def test_each_of_several_teachers_is_judged_by_itself() -> None:
    fine, other = given_licence().teachers[0], given_licence(teacher="bad", verdict="forbidden")
    with pytest.raises(LicenceError, match="teacher bad is under"):
        require_permitted(Licence(teachers=(fine, *other.teachers)))
    reasoned = replace(other.teachers[0], acknowledged="a contract")
    require_permitted(Licence(teachers=(fine, reasoned)))


def test_a_licence_of_other_teachers_or_of_none_that_may_is_refused() -> None:
    require_covered(own_licence(2), 2)
    with pytest.raises(LicenceError, match=r"covers 2 teachers, but there are 3\. Run .*teachers"):
        require_covered(own_licence(2), 3)
    with pytest.raises(LicenceError, match="which forbids"):
        require_covered(given_licence(verdict="forbidden"), 1)


def test_the_name_on_the_hub_is_given_or_read_from_its_cache_and_never_guessed(
    tmp_path: Path,
) -> None:
    (tmp_path / "big").mkdir()
    assert of(tmp_path).hub_id is None
    named = of(tmp_path, hub_id="me/big-one")
    assert (named.teacher, named.hub_id) == ("me/big-one", "me/big-one")
    cached = "models--google--bert/snapshots/ab12"
    (tmp_path / cached).mkdir(parents=True)
    assert of(tmp_path, path=cached).hub_id == "google/bert"


def test_a_fetched_model_has_the_name_of_its_record(tmp_path: Path) -> None:
    write_card(tmp_path / "big", "license: mit")
    record = {"format": "stillroom-fetch/1", "repository": "owner/name", "commit": "0" * 40}
    path = tmp_path / "big" / ".fetched_from_hub.json"
    path.write_text(json.dumps(record | {"files": {}}))
    entry = of(tmp_path)
    assert (entry.teacher, entry.hub_id, entry.identifier) == ("owner/name", "owner/name", "mit")
    assert of(tmp_path, hub_id="me/other").hub_id == "me/other"
    path.write_text("{}")
    with pytest.raises(ModelError, match="Delete the file, or fetch the model again"):
        of(tmp_path)


def test_only_the_last_name_of_a_path_outside_is_recorded(tmp_path: Path) -> None:
    write_card(tmp_path / "away" / "big", "license: mit")
    entry = of(tmp_path / "project", path=str(tmp_path / "away" / "big"))
    assert str(tmp_path) not in str(entry)
    assert entry.teacher == "big"
