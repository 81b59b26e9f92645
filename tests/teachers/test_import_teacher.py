"""Given teachers: the model is copied, and nothing that lies beside it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import small_texts
import torch
from gguf import GGMLQuantizationType
from small_corpus import BERT, GPT2, SmallCorpus, capture_jobs, small_corpus
from small_gguf import write_gguf
from small_project import ENCODER, small, untrained_teachers

from stillroom.config.schema import Inference
from stillroom.data.text.gguf_tokenizer import tokenizer_of
from stillroom.data.text.tokenizer import write_tokenizer
from stillroom.errors import DataError, ModelError
from stillroom.models.forward.lm_head import logits_asked
from stillroom.models.pretrained.model_directory import EXACT, load_model, read_encoder
from stillroom.models.registry import build
from stillroom.models.shape import Shape
from stillroom.softlabels.sparsify.sparsifiers import Full
from stillroom.teachers.import_teacher import take_over


@pytest.fixture
def given(tmp_path: Path) -> Path:
    return untrained_teachers(small(tmp_path), tmp_path / "mine", members=1) / "member_0"


def test_only_the_files_of_a_model_are_copied(given: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (given / "notes.txt").symlink_to(tmp_path / "secret")
    for name in ("evil.pth", "modeling.py", "pytorch_model.bin"):
        (given / name).write_text("no")
    take_over(given, tmp_path / "copy", ENCODER, EXACT)
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
    ]


def test_a_link_in_a_models_place_is_refused(given: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (given / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match=r"README\.md is a link"):
        take_over(given, tmp_path / "copy", ENCODER, EXACT)


def test_other_classes_are_refused_with_both_named(given: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"3 classes \(across, down.*have 2 classes \(cat"):
        take_over(given, tmp_path / "copy", replace(ENCODER, classes=("cat", "dog")), EXACT)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SmallCorpus:
    return small_corpus(tmp_path_factory.mktemp("corpus"), count=30)


def elsewhere(made: SmallCorpus, folder: Path, *, size: int = 0, shards: str = "5GB") -> Path:
    """Write a decoder as any other program writes it: nothing of ours beside it."""
    model = build("transformer", GPT2, made.shape, seed=1)
    if size:
        model.resize_token_embeddings(size)
    model.save_pretrained(folder, max_shard_size=shards)
    write_tokenizer(made.fitted.tokenizer, folder)
    return folder


@pytest.mark.parametrize("shards", ["5GB", "5KB"])
def test_a_directory_from_elsewhere_becomes_one_of_ours(
    made: SmallCorpus, tmp_path: Path, shards: str
) -> None:
    given = elsewhere(made, tmp_path / "theirs", shards=shards)
    take_over(given, tmp_path / "t" / "member_0", made.fitted, EXACT)
    assert read_encoder(tmp_path / "t" / "member_0") == made.fitted
    inputs = torch.from_numpy(made.fitted.encode(made.examples.read().head(2)))
    first, second = (
        logits_asked(load_model(path), inputs) for path in (given, tmp_path / "t" / "member_0")
    )
    assert torch.equal(first, second)


def test_a_padded_vocabulary_is_cut_to_the_tokenizers(made: SmallCorpus, tmp_path: Path) -> None:
    size = made.fitted.outputs
    given = elsewhere(made, tmp_path / "theirs", size=size + 61)
    take_over(given, tmp_path / "t" / "member_0", made.fitted, EXACT)
    (ask,) = capture_jobs(made, tmp_path / "t")
    rows = made.fitted.encode(made.examples.read().head(2))
    assert {found.shape[-1] for found in ask.teacher.keeping(Full()).answer(rows)} == {size}


def test_a_quantised_file_becomes_one_of_ours_in_half_precision(
    made: SmallCorpus, tmp_path: Path
) -> None:
    write_gguf(tmp_path / "m.gguf", made.fitted.tokenizer, GGMLQuantizationType.Q8_0)
    half = Inference(dtype="bfloat16", device_map="cpu")
    own = replace(made.fitted, tokenizer=tokenizer_of(tmp_path / "m.gguf"))
    take_over(tmp_path / "m.gguf", tmp_path / "t", own, half)
    assert read_encoder(tmp_path / "t") == own
    assert load_model(tmp_path / "t", half).dtype == torch.bfloat16


def test_another_tokenizer_is_refused_with_what_to_do(made: SmallCorpus, tmp_path: Path) -> None:
    other = small_corpus(tmp_path, count=20, text={"vocabulary": 270})
    with pytest.raises(ModelError, match=r"Set data\.text\.tokenizer to the teacher's folder"):
        take_over(elsewhere(made, tmp_path / "theirs"), tmp_path / "t", other.fitted, EXACT)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("model.safetensors", lambda content: content[:-8], r"model\.safetensors is damaged"),
        ("config.json", lambda content: _with(content, **STRANGE), "wants code of its own"),
        ("config.json", lambda content: _with(content, n_positions=8), "takes 8 tokens"),
        ("config.json", lambda content: b"{", "config"),
        ("tokenizer.json", lambda content: b"{", "is not a tokenizer"),
    ],
    ids=["damaged", "code", "short", "config", "tokenizer"],
)
def test_what_cannot_be_used_is_refused_before_it_is_copied(
    made: SmallCorpus, tmp_path: Path, name: str, change: Callable[[bytes], bytes], words: str
) -> None:
    given = elsewhere(made, tmp_path / "theirs")
    (given / name).write_bytes(change((given / name).read_bytes()))
    with pytest.raises((ModelError, DataError), match=words) as raised:
        take_over(given, tmp_path / "t", made.fitted, EXACT)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "t").exists()


def test_a_model_that_answers_otherwise_is_refused(made: SmallCorpus, tmp_path: Path) -> None:
    vocabulary = replace(made.shape.vocabulary, task="masked_token")  # type: ignore[type-var]
    bert = build("transformer", BERT, replace(made.shape, vocabulary=vocabulary), 1)
    bert.save_pretrained(tmp_path / "bert")
    write_tokenizer(made.fitted.tokenizer, tmp_path / "bert")
    with pytest.raises(ModelError, match="answers for the masked token"):
        take_over(tmp_path / "bert", tmp_path / "t", made.fitted, EXACT)
    with pytest.raises(ModelError, match="is a language model, and the examples are image"):
        take_over(elsewhere(made, tmp_path / "theirs"), tmp_path / "t", ENCODER, EXACT)


def test_a_classifier_from_elsewhere_is_known_by_its_names(tmp_path: Path) -> None:
    texts = small_texts.ENCODER
    bert = build("transformer", BERT, Shape.of(texts), 1)
    bert.save_pretrained(tmp_path / "bert")
    write_tokenizer(texts.tokenizer, tmp_path / "bert")
    take_over(tmp_path / "bert", tmp_path / "t", texts, EXACT)
    assert read_encoder(tmp_path / "t") == texts
    other = replace(texts, classes=texts.classes[::-1])
    with pytest.raises(ModelError, match="Name a teacher of these classes"):
        take_over(tmp_path / "bert", tmp_path / "u", other, EXACT)


STRANGE = {"model_type": "theirs", "auto_map": {"AutoConfig": "theirs.Config"}}


def _with(content: bytes, **changes: object) -> bytes:
    return json.dumps(json.loads(content) | changes).encode()
