"""Alarms about data, from files on disk through ingest; each file has one fault."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.examples.corpus_examples import corpus_data, ingested, sentences
from support.examples.data_config import a_data
from support.examples.text_examples import texts

from stillroom.assess.sanity.alarm import Alarm
from stillroom.assess.sanity.data_alarms import data_alarms
from stillroom.config.schema.data_schema import Data
from stillroom.data.ingest.ingest_corpus import CorpusIngest
from stillroom.data.ingest.ingest_examples import ingest
from stillroom.io.tables import TableFile, write_parts

Rows = Sequence[tuple[Any, ...]]


def alarms(folder: Path, data: Data) -> tuple[Alarm, ...]:
    made = ingest(data, folder)
    (folder / "examples").mkdir()
    write_parts([made.examples], folder / "examples")
    examples = TableFile(folder / "examples")
    return data_alarms(examples, made.encoder, made.report.to_json(), data)


def of_files(folder: Path, text: dict[str, Any] | None = None, **files: Rows) -> list[str]:
    """Write files `train`, `test` … with the columns text, label and split; return the codes."""
    (folder / "t").mkdir()
    for name, rows in files.items():
        lines = [f"{content},{label},{name}" for content, label in rows]
        (folder / "t" / f"{name}.csv").write_text("\n".join(["text,label,split", *lines]))
    columns = {"text": "text", "split": "split"}
    data = a_data(path="t", validation=0.2, columns=columns, text=text or {})
    return [alarm.code for alarm in alarms(folder, data)]


def named(rows: Rows, names: dict[str, str]) -> Rows:
    return [(text, names.get(label, label)) for text, label in rows]


TWO = [(text, label) for text, label in texts(240) if label != "app"]
TRAIN, TEST = TWO[:110], TWO[110:]


@pytest.mark.parametrize("encoding", ["hashed", "tokens"])
def test_sound_texts_raise_no_alarm(tmp_path: Path, encoding: str) -> None:
    assert of_files(tmp_path, {"encoding": encoding}, train=TRAIN, test=TEST) == []


def test_labels_of_two_files_in_two_forms(tmp_path: Path) -> None:
    train = named(TRAIN, {"card": "0", "money": "1"})
    test = named(TEST, {"card": "0.0", "money": "1.0"})
    assert of_files(tmp_path, train=train, test=test) == ["class_without_training_rows"]


def test_labels_that_are_all_equal_in_train(tmp_path: Path) -> None:
    train = [(text, "card") for text, _ in TRAIN]
    assert of_files(tmp_path, train=train, test=TEST) == ["class_without_training_rows"]


def test_a_class_of_validation_alone(tmp_path: Path) -> None:
    validation = [*TEST[:40], ("something else", "other")]
    files = {"train": TRAIN, "validation": validation, "test": TEST[40:]}
    assert of_files(tmp_path, **files) == ["class_without_training_rows"]


def test_text_and_label_swapped_in_the_test_file(tmp_path: Path) -> None:
    swapped = [(label + str(number), text) for number, (text, label) in enumerate(TEST)]
    assert "class_without_training_rows" in of_files(tmp_path, train=TRAIN, test=swapped)


def test_a_class_that_only_its_declaration_has(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "\n".join(["text,label", *(f"{text},{label}" for text, label in TWO)])
    )
    data = a_data(columns={"text": "text"}, classes=["card", "money", "loan"])
    (alarm,) = alarms(tmp_path, data)
    assert (alarm.code, "loan" in alarm.text) == ("class_without_rows", True)


def test_a_class_of_which_no_training_label_is_kept(tmp_path: Path) -> None:
    rows = [*TWO, *((f"rare words {number}", "rare") for number in range(12))]
    (tmp_path / "t.csv").write_text(
        "\n".join(["text,label", *(f"{text},{label}" for text, label in rows)])
    )
    data = a_data(columns={"text": "text"}, label_fraction=0.04)
    (alarm,) = alarms(tmp_path, data)
    assert alarm.code == "class_without_training_rows"
    assert "change data.label_fraction=0.04, which leaves out training labels" in alarm.way_out


def test_test_texts_in_another_language(tmp_path: Path) -> None:
    words = ["wo ist die Karte", "warum fehlt mein Geld", "das Konto ist leer", "wer hilft mir"]
    test = [(f"{words[n % 4]} {chr(97 + n // 26)}{chr(97 + n % 26)}", "card") for n in range(60)]
    assert of_files(tmp_path, train=TRAIN, test=test) == ["few_common_words"]


def test_texts_that_are_one_input_each_other(tmp_path: Path) -> None:
    # Single letters are no words for the hashing, so every text is the same vector.
    rows = [(f"a {'b ' * (1 + n % 60)}{'c ' * (1 + n // 60)}", "xy"[n % 2]) for n in range(240)]
    assert "repeated_inputs" in of_files(tmp_path, train=rows[:120], test=rows[120:])


def test_texts_that_begin_alike_and_are_cut(tmp_path: Path) -> None:
    long = " ".join(["the same beginning of every text"] * 8)
    train, test = ([(f"{long} {text}", label) for text, label in rows] for rows in (TRAIN, TEST))
    codes = of_files(tmp_path, {"encoding": "tokens", "length": 8}, train=train, test=test)
    assert codes == ["repeated_inputs"]


def test_features_that_are_constant_but_for_noise(tmp_path: Path) -> None:
    noise = 1e-9 * np.random.default_rng(0).random(200)
    lines = [f"{1 + one:.12f},{'ab'[n % 2]}" for n, one in enumerate(noise)]
    (tmp_path / "t.csv").write_text("\n".join(["x,label", *lines]))
    (alarm,) = alarms(tmp_path, a_data(columns={"features": ["x"]}))
    assert alarm.code == "constant_inputs"


def test_a_sound_corpus_raises_no_alarm_and_one_of_repeated_documents_does(tmp_path: Path) -> None:
    for name, documents in (("sound", sentences(120)), ("repeated", 15 * sentences(120))):
        folder = tmp_path / name
        (folder / "texts").mkdir(parents=True)
        (folder / "texts" / "a.txt").write_text("\n".join(documents))
        data = corpus_data()
        made, counted = ingested(folder, data), CorpusIngest.of(data, folder)
        list(counted.frames())
        found = data_alarms(made.examples, made.fitted, counted.report(), data)
        assert [alarm.code for alarm in found] == ([] if name == "sound" else ["duplicates"])
