"""The budget: tokenizers in use are within it, and hostile ones are named with their number."""

from typing import Any

import pytest

from stillroom.data.text import tokenizer_budget
from stillroom.data.text.tokenizer_budget import patterns, require_affordable
from stillroom.errors import DataError

WORDS = {"type": "WordLevel", "unk_token": "a", "vocab": {"a": 0, "b": 1}}


def refusal(**fields: Any) -> str:
    with pytest.raises(DataError) as raised:
        require_affordable({"model": WORDS} | fields, "some.json")
    return str(raised.value)


def replace(pattern: dict[str, str], content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": pattern, "content": content}


def sequence(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", "normalizers": list(steps)}


def test_each_bound_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    token = {"id": 2**31 - 1, "content": "x"}
    assert "2,147,483,647 as the largest id; at most 65,542" in refusal(added_tokens=[token])
    many = [{"id": at, "content": str(at)} for at in range(2**16 + 1)]
    assert "65,537 added tokens; at most 65,536" in refusal(added_tokens=many)
    around = {"type": "Sequence", "processors": [{"single": [{}] * 1001}]}
    assert "1,001 entries in a list of its post_processor" in refusal(post_processor=around)
    long = WORDS | {"vocab": {"x" * 20_000: 0}}
    assert "20,000 characters in its longest token; at most 16,384" in refusal(model=long)
    slow = {"type": "WordPiece", "vocab": {"a": 0}, "max_input_chars_per_word": 10**9}
    assert "max_input_chars_per_word; at most 10,000" in refusal(model=slow)
    monkeypatch.setattr(tokenizer_budget, "MOST_TOKENS", 1)
    assert "2 tokens; at most 1" in refusal()


@pytest.mark.parametrize(
    ("normalizer", "factor"),
    [
        (replace({"String": "a"}, "x" * 10**6), "1,000,000"),
        (replace({"String": ""}, "x" * 200), "201"),
        (replace({"Regex": "b*"}, "x" * 200), "201"),
        (sequence(replace({"String": "a"}, "a" * 20), replace({"Regex": "a"}, "aa" * 10)), "400"),
        (sequence(sequence(replace({"String": "a"}, "a" * 300))), "300"),
    ],
)
def test_what_lengthens_a_text_is_multiplied(normalizer: dict[str, Any], factor: str) -> None:
    assert f"{factor} as the factor by which its normalizer" in refusal(normalizer=normalizer)


def test_a_decoder_has_the_same_bound() -> None:
    steps = {"type": "Sequence", "decoders": [replace({"String": "a"}, "x" * 300)]}
    assert "300 as the factor by which its decoder" in refusal(decoder=steps)


def test_what_tokenizers_in_use_replace_is_allowed() -> None:
    steps = sequence(
        replace({"String": " "}, "▁"),
        replace({"Regex": " {2,}"}, " "),
        replace({"String": "``"}, '"'),
        {"type": "Prepend", "prepend": "▁"},
        {"type": "NFKC"},
    )
    scores = {"type": "Unigram", "vocab": [["a", 0.0], ["b", -1.5]]}
    require_affordable({"model": scores, "normalizer": steps}, "some.json")


@pytest.mark.parametrize("document", [None, [], {}, {"model": None}, {"model": [1]}])
def test_what_is_no_tokenizer_is_named(document: Any) -> None:
    with pytest.raises(DataError, match=r"some\.json is not a tokenizer \(it has no model\)"):
        require_affordable(document, "some.json")


@pytest.mark.parametrize(
    "model",
    [
        {"type": "BPE", "vocab": {}, "merges": []},
        {"type": "WordPiece", "vocab": {}, "unk_token": "a"},
        {"type": "Unigram", "vocab": []},
        {"type": "WordLevel"},
    ],
)
def test_a_tokenizer_without_tokens_is_named(model: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"some\.json is not a tokenizer \(it has no token\)"):
        require_affordable({"model": model, "added_tokens": None}, "some.json")


def test_patterns_are_found_at_any_depth() -> None:
    split = {"type": "Split", "pattern": {"Regex": "a+"}}
    steps = {"pretokenizers": [split, {"pattern": {"String": "b"}}, {"pattern": {"Regex": "c"}}]}
    assert list(patterns({"pre_tokenizer": steps})) == ["a+", "c"]
