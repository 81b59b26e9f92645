"""Lineage, traced from the files on disk."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from support.examples.image_examples import image_examples, soft_labels, untrained_teachers
from support.licences_and_lineage import given_licence, own_licence

from stillroom.config.compose import compose
from stillroom.config.schema import plain
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_json
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.pipelines.evaluate.nodes import trace_lineage
from stillroom.reporting.provenance.lineage import from_json
from stillroom.training.run_provenance import StartProvenance, write_provenance

ROOT = Path(__file__).resolve().parents[2]
REPORT = {"source": "digits", "path": None, "files": {"a": "1" * 64}}


def test_it_names_what_lies_there_and_equal_files_give_equal_bytes(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    teachers = untrained_teachers(made, tmp_path / "t")
    students = untrained_teachers(made, tmp_path / "tiny", members=1)
    (students / "member_0").rename(students / "student")
    labels = soft_labels(made, teachers, tmp_path / "s")
    parts = (students, labels, teachers, own_licence(2).to_json(), made.examples, made.encoder)
    document = trace_lineage(*parts, REPORT, compose(ROOT))
    lineage = from_json(document)
    assert (lineage.name, lineage.student) == ("tiny", weights_hash(students / "student"))
    assert lineage.soft_labels == labels.manifest.fingerprint
    assert [one.weights for one in lineage.teachers] == [
        weights_hash(teachers / f"member_{number}") for number in range(2)
    ]
    assert lineage.parameters == sha256_json(plain(compose(ROOT)))
    assert trace_lineage(*parts, REPORT, compose(ROOT)) == document
    made.examples.path.write_bytes(made.examples.path.read_bytes() + b"x")
    assert from_json(trace_lineage(*parts, REPORT, compose(ROOT))).examples != lineage.examples


def test_a_start_is_traced_or_its_absence_refused(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    teachers = untrained_teachers(made, tmp_path / "t")
    students = untrained_teachers(made, tmp_path / "tiny", members=1)
    (students / "member_0").rename(students / "student")
    labels = soft_labels(made, teachers, tmp_path / "s")
    parts = (students, labels, teachers, own_licence(2).to_json(), made.examples, made.encoder)
    parameters = compose(ROOT)
    parameters |= {"student": parameters["student"] | {"path": "models/small"}}
    with pytest.raises(DataError, match="does not record from which model its students started"):
        trace_lineage(*parts, REPORT, parameters)
    (licence,) = given_licence(hub_id="me/small").teachers
    start = StartProvenance(weights="cd" * 32, licence=licence)
    write_provenance(students, labels.manifest.content, {}, start)
    traced = from_json(trace_lineage(*parts, REPORT, parameters)).start
    assert traced is not None
    assert (traced.weights, traced.licence) == ("cd" * 32, licence)


def test_the_adapter_beside_a_student_is_counted(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    teachers = untrained_teachers(made, tmp_path / "t")
    students = untrained_teachers(made, tmp_path / "tiny", members=1)
    (students / "member_0").rename(students / "student")
    labels = soft_labels(made, teachers, tmp_path / "s")
    parts = (students, labels, teachers, own_licence(2).to_json(), made.examples, made.encoder)
    folder = students / "student" / "adapter"
    folder.mkdir()
    config = {"r": 2, "lora_alpha": 4, "target_modules": ["first"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    matrices = {"first.lora_A.weight": np.zeros((2, 64)), "first.lora_B.weight": np.zeros((8, 2))}
    save_file(matrices, folder / "adapter_model.safetensors")
    adapter = from_json(trace_lineage(*parts, REPORT, compose(ROOT))).adapter
    assert adapter is not None
    assert (adapter.rank, adapter.alpha, adapter.targets) == (2, 4, ("first",))
    weights = load_file(students / "student" / "model.safetensors")
    base = sum(one.size for one in weights.values())
    assert (adapter.trained, adapter.parameters) == (144, base + 144)
