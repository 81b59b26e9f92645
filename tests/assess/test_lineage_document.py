"""Lineage, traced from the files on disk."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from support.examples.image_examples import (
    ImageExamples,
    image_examples,
    soft_labels,
    untrained_teachers,
)
from support.licences_and_lineage import given_licence, own_licence

from stillroom.config.compose import compose
from stillroom.config.schema import plain
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_json
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.pipelines.evaluate.nodes import trace_lineage
from stillroom.reporting.provenance.lineage import from_json
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.run_provenance import StartProvenance, write_provenance

ROOT = Path(__file__).resolve().parents[2]
REPORT = {"source": "digits", "path": None, "files": {"a": "1" * 64}}


@dataclass(frozen=True)
class Evaluated:
    """Images, two teachers and a student, none of them trained, and soft labels."""

    made: ImageExamples
    teachers: Path
    students: Path
    labels: SoftLabelSet

    def trace(self, parameters: dict[str, Any]) -> Any:
        licence = own_licence(2).to_json()
        made = (self.made.examples, self.made.encoder)
        parts = (self.students, self.labels, self.teachers, licence, *made)
        return trace_lineage(*parts, REPORT, parameters)


@pytest.fixture
def evaluated(tmp_path: Path) -> Evaluated:
    made = image_examples(tmp_path)
    teachers = untrained_teachers(made, tmp_path / "t")
    students = untrained_teachers(made, tmp_path / "tiny", members=1)
    (students / "member_0").rename(students / "student")
    return Evaluated(made, teachers, students, soft_labels(made, teachers, tmp_path / "s"))


def test_it_names_what_lies_there_and_equal_files_give_equal_bytes(evaluated: Evaluated) -> None:
    document = evaluated.trace(compose(ROOT))
    lineage = from_json(document)
    assert (lineage.name, lineage.student) == ("tiny", weights_hash(evaluated.students / "student"))
    assert lineage.soft_labels == evaluated.labels.manifest.fingerprint
    assert [one.weights for one in lineage.teachers] == [
        weights_hash(evaluated.teachers / f"member_{number}") for number in range(2)
    ]
    assert lineage.parameters == sha256_json(plain(compose(ROOT)))
    assert evaluated.trace(compose(ROOT)) == document
    evaluated.made.examples.path.write_bytes(evaluated.made.examples.path.read_bytes() + b"x")
    assert from_json(evaluated.trace(compose(ROOT))).examples != lineage.examples


def test_a_start_is_traced_or_its_absence_refused(evaluated: Evaluated) -> None:
    parameters = compose(ROOT)
    parameters |= {"student": parameters["student"] | {"path": "models/small"}}
    with pytest.raises(DataError, match="does not record from which model its students started"):
        evaluated.trace(parameters)
    (licence,) = given_licence(hub_id="me/small").teachers
    start = StartProvenance(weights="cd" * 32, licence=licence)
    write_provenance(evaluated.students, evaluated.labels.manifest.content, {}, start)
    traced = from_json(evaluated.trace(parameters)).start
    assert traced is not None
    assert (traced.weights, traced.licence) == ("cd" * 32, licence)


def test_the_adapter_beside_a_student_is_counted(evaluated: Evaluated) -> None:
    folder = evaluated.students / "student" / "adapter"
    folder.mkdir()
    config = {"r": 2, "lora_alpha": 4, "target_modules": ["first"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    matrices = {"first.lora_A.weight": np.zeros((2, 64)), "first.lora_B.weight": np.zeros((8, 2))}
    save_file(matrices, folder / "adapter_model.safetensors")
    adapter = from_json(evaluated.trace(compose(ROOT))).adapter
    assert adapter is not None
    assert (adapter.rank, adapter.alpha, adapter.targets) == (2, 4, ("first",))
    weights = load_file(evaluated.students / "student" / "model.safetensors")
    base = sum(one.size for one in weights.values())
    assert (adapter.trained, adapter.parameters) == (144, base + 144)
