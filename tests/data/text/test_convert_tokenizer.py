"""Conversion: the ids and special tokens are those of AutoTokenizer, for each kind of folder."""

import json
from pathlib import Path

import pytest
import transformers
from support.examples.foreign_tokenizers import BERT, FOLDERS, TEXTS, definition_alone, with_json

from stillroom.data.text.convert_tokenizer import convert_folder
from stillroom.data.text.tokenizer import HUGGING_FACE_NAMES, SpecialTokens, Tokenizer
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import DataError


def converted(folder: Path) -> Tokenizer:
    target = folder.with_suffix(".json")
    special = convert_folder(str(folder), str(target), "The tokenizer")
    return Tokenizer(target.read_text(encoding="utf-8"), SpecialTokens(**special))


@pytest.mark.parametrize("name", FOLDERS)
def test_ids_and_special_tokens_are_those_of_everyone_else(name: str, tmp_path: Path) -> None:
    folder = FOLDERS[name](tmp_path / name)
    ours = converted(folder)
    theirs = transformers.AutoTokenizer.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False, model_max_length=1000
    )
    before, after = ours.special_affixes()
    for text, encoding in zip(TEXTS, ours.encode(TEXTS), strict=True):
        ids = encoding.ids.tolist()
        assert ids == theirs(text, add_special_tokens=False)["input_ids"], text
        assert [*before, *ids, *after] == theirs(text)["input_ids"], text
    given = {ours: getattr(theirs, name) for ours, name in HUGGING_FACE_NAMES.items()}
    assert ours.special == SpecialTokens(**given)
    assert set(theirs.all_special_ids) <= set(ours.special_ids)


def test_the_texts_are_many_enough_and_the_files_contradict_each_other(tmp_path: Path) -> None:
    assert len(TEXTS) >= 50
    for name in ("bert-uncased", "bert-cased", "roberta", "deberta-v2"):
        folder = FOLDERS[name](tmp_path / name)
        plain = Tokenizer((folder / "tokenizer.json").read_text(), SpecialTokens())
        pairs = zip(plain.encode(TEXTS), converted(folder).encode(TEXTS), strict=True)
        assert sum(one.ids.tolist() != other.ids.tolist() for one, other in pairs) > 10


def test_a_tokenizer_json_alone_is_read_as_it_is(tmp_path: Path) -> None:
    folder = definition_alone(tmp_path / "alone")
    plain = Tokenizer((folder / "tokenizer.json").read_text(), SpecialTokens())
    assert converted(folder).sha256 == plain.sha256
    assert converted(folder).special == SpecialTokens()


def test_code_of_its_own_is_not_run(tmp_path: Path) -> None:
    folder = FOLDERS["bert-uncased"](tmp_path / "code")
    (folder / "config.json").write_text('{"model_type": "something"}')
    (folder / "evil.py").write_text("raise SystemExit('it ran')")
    code = {"auto_map": {"AutoTokenizer": ["evil.Evil", None]}, "tokenizer_class": "Evil"}
    (folder / "tokenizer_config.json").write_text(json.dumps(code))
    with pytest.raises(ValueError, match="custom code"):
        converted(folder)


REGEX = {"type": "Split", "behavior": "Isolated", "invert": False}


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(q*)*q*q*w", r"(\s*\s*)*x"])
def test_a_pattern_that_explodes_is_found_out(pattern: str, tmp_path: Path) -> None:
    folder = definition_alone(tmp_path / "regex")
    with_json(folder, pre_tokenizer=REGEX | {"pattern": {"Regex": pattern}})
    with pytest.raises(BaseException, match=r"retry-limit|takes more than 5 s"):
        converted(folder)


@pytest.mark.parametrize("table", ["AAAA", "CAAAAP//////////YWJj"])
def test_a_damaged_table_of_a_normalizer_is_found_out(table: str, tmp_path: Path) -> None:
    folder = definition_alone(tmp_path / "table")
    with_json(folder, normalizer={"type": "Precompiled", "precompiled_charsmap": table})
    with pytest.raises(BaseException, match=r"precompiled_charsmap|out of bounds"):
        converted(folder)


def test_patterns_in_use_are_quick(tmp_path: Path) -> None:
    folder = definition_alone(tmp_path / "regex")
    llama3 = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    with_json(folder, pre_tokenizer=REGEX | {"pattern": {"Regex": llama3}})
    assert converted(folder).encode(["the cat"])


def test_an_added_token_of_the_config_beyond_all_ids_gets_the_next_id(tmp_path: Path) -> None:
    folder = FOLDERS["gpt2"](tmp_path / "gpt2")
    added = {str(2**31 - 1): {"content": "[X]", "special": True}}
    (folder / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": added}))
    size = len(json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"])
    assert converted(folder).size == size + 1


def test_a_definition_beyond_the_budget_does_not_reach_the_parser(tmp_path: Path) -> None:
    folder = definition_alone(tmp_path / "alone")
    model = {"type": "WordLevel", "unk_token": BERT[1], "vocab": {BERT[1]: 0, "a": 2**31 - 1}}
    with_json(folder, model=model, added_tokens=[])
    with pytest.raises(DataError, match=r"has 2,?147,?483,?647 as the largest id; at most 65,540"):
        converted(folder)


def test_a_class_that_cannot_encode_every_text_is_refused_with_a_way_out(tmp_path: Path) -> None:
    folder = tmp_path / "bytes"
    folder.mkdir()
    # Of Gemma's class, whose unknown token is not among these bytes.
    definition = train_tokenizer(["some text", "more text"], 300).definition
    (folder / "tokenizer.json").write_text(definition, encoding="utf-8")
    (folder / "config.json").write_text('{"model_type": "gemma3_text"}')
    with pytest.raises(DataError, match="set tokenizer_class to PreTrainedTokenizerFast"):
        converted(folder)
    config = '{"tokenizer_class": "PreTrainedTokenizerFast"}'
    (folder / "tokenizer_config.json").write_text(config)
    assert converted(folder).encode(["some"])[0].ids.size
