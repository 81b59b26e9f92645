"""Energy log: the energy of a result stands under its own hash and no other."""

from pathlib import Path

from support.examples.image_examples import image_examples, soft_labels, untrained_teachers
from support.plug_in.install import install, installed

from stillroom.assess.cost.energy_log import (
    SPENT,
    StageEnergy,
    log_energy,
    logged_energy,
    result_hash,
)
from stillroom.config.schema import GivenTeacher
from stillroom.data.encoders import read_encoder
from stillroom.models.pretrained.model_directory import EXACT
from stillroom.teachers.given_teachers import prepare_teachers
from stillroom.teachers.teacher_kind import Preparation

ENERGY = StageEnergy(joules=120.0, seconds=40.0, is_estimate=True)


def test_logged_energy_is_found_and_nothing_else(tmp_path: Path) -> None:
    log_energy(tmp_path, "a" * 64, ENERGY)
    assert logged_energy(tmp_path, "a" * 64) == ENERGY
    assert logged_energy(tmp_path, "b" * 64) is None


def test_a_run_with_all_answers_in_the_store_does_not_lower_the_energy_of_the_first(
    tmp_path: Path,
) -> None:
    for joules in (120.0, 0.5):
        log_energy(tmp_path, "a" * 64, StageEnergy(joules=joules, seconds=1.0, is_estimate=True))
    energy = logged_energy(tmp_path, "a" * 64)
    assert energy is not None
    assert energy.joules == 120.0


def test_a_damaged_entry_is_unknown(tmp_path: Path) -> None:
    log_energy(tmp_path, "a" * 64, ENERGY)
    (file,) = (tmp_path / SPENT).iterdir()
    for content in ("{", '{"joules": -1, "seconds": 0, "is_estimate": true}', "[]"):
        file.write_text(content)
        assert logged_energy(tmp_path, "a" * 64) is None


def test_other_weights_and_other_labels_have_another_hash(tmp_path: Path) -> None:
    examples = image_examples(tmp_path)
    teachers = untrained_teachers(examples, tmp_path / "t")
    before = result_hash(teachers)
    assert result_hash(teachers) == before
    one, other = teachers / "member_0", teachers / "member_1"
    one.rename(teachers / "kept")
    other.rename(one)
    (teachers / "kept").rename(other)
    assert result_hash(teachers) != before
    labels = soft_labels(examples, teachers, tmp_path / "set")
    assert result_hash(labels) == labels.manifest.content


def test_the_result_of_the_teachers_may_be_of_any_kind(tmp_path: Path) -> None:
    with installed(install(tmp_path / "site")):
        made = image_examples(tmp_path)
        encoder = read_encoder(made.encoder)
        preparation = Preparation(tmp_path, made.examples, encoder, EXACT)
        for name, sharpness in (("one", 1.0), ("same", 1.0), ("other", 2.0)):
            given = GivenTeacher(source="prototypes", sharpness=sharpness)  # type: ignore[call-arg]
            prepare_teachers([given], tmp_path / name, preparation)
        one, same, other = (result_hash(tmp_path / name) for name in ("one", "same", "other"))
    assert one == same != other
