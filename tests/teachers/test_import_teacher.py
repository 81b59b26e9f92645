"""Imported teachers: the model is copied, and no other file."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from gguf import GGMLQuantizationType
from support.examples import text_examples
from support.examples.corpus_examples import BERT, GPT2, CorpusOnDisk, capture_jobs, small_corpus
from support.examples.image_examples import ENCODER, image_examples, untrained_teachers
from support.models.gguf_file import write_gguf
from transformers import (
    AutoConfig,
    AutoModelForImageClassification,
    AutoModelForSequenceClassification,
)
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from stillroom.config.schema import Head, Inference
from stillroom.data.ingest.ingest_examples import ingest
from stillroom.data.text.model_tokenizer import read_model_tokenizer
from stillroom.data.text.tokenizer import write_tokenizer
from stillroom.errors import DataError, ModelError
from stillroom.models import architectures
from stillroom.models.architecture_registry import build
from stillroom.models.forward.fixed_shape import batches_of_logits
from stillroom.models.forward.lm_head import label_logits
from stillroom.models.pretrained.model_directory import EXACT, load_model, read_encoder
from stillroom.models.shape import Shape
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.teachers.import_teacher import import_teacher
from stillroom.teachers.sentence_teacher import fit_sentence_teacher
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings

AUTO_MAPPINGS = [
    auto._model_mapping
    for auto in (AutoModelForImageClassification, AutoModelForSequenceClassification)
]


@pytest.fixture
def given(tmp_path: Path) -> Path:
    return untrained_teachers(image_examples(tmp_path), tmp_path / "mine", members=1) / "member_0"


def test_only_the_files_of_a_model_are_copied(given: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (given / "notes.txt").symlink_to(tmp_path / "secret")
    for name in ("evil.pth", "modeling.py", "pytorch_model.bin"):
        (given / name).write_text("no")
    import_teacher(given, tmp_path / "copy", ENCODER, EXACT)
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
    ]


def test_a_link_in_a_models_place_is_refused(given: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (given / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match=r"README\.md is a link"):
        import_teacher(given, tmp_path / "copy", ENCODER, EXACT)


def test_other_classes_are_refused_with_both_named(given: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"3 classes \(across, down.*have 2 classes \(cat"):
        import_teacher(given, tmp_path / "copy", replace(ENCODER, classes=("cat", "dog")), EXACT)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    return small_corpus(tmp_path_factory.mktemp("corpus"), count=30)


def elsewhere(corpus: CorpusOnDisk, folder: Path, *, size: int = 0, shards: str = "5GB") -> Path:
    """Write a decoder as another program does, without our own files."""
    model = build("transformer", GPT2, corpus.shape, seed=1)
    if size:
        model.resize_token_embeddings(size)
    model.save_pretrained(folder, max_shard_size=shards)
    write_tokenizer(corpus.fitted.tokenizer, folder)
    return folder


@pytest.mark.parametrize("shards", ["5GB", "5KB"])
def test_a_directory_from_elsewhere_becomes_one_of_ours(
    corpus: CorpusOnDisk, tmp_path: Path, shards: str
) -> None:
    given = elsewhere(corpus, tmp_path / "theirs", shards=shards)
    import_teacher(given, tmp_path / "t" / "member_0", corpus.fitted, EXACT)
    assert read_encoder(tmp_path / "t" / "member_0") == corpus.fitted
    inputs = torch.from_numpy(corpus.fitted.encode(corpus.examples.read().head(2)))
    first, second = (
        label_logits(load_model(path), inputs) for path in (given, tmp_path / "t" / "member_0")
    )
    assert torch.equal(first, second)


def test_a_padded_vocabulary_is_cut_to_the_tokenizers(corpus: CorpusOnDisk, tmp_path: Path) -> None:
    size = corpus.fitted.outputs
    given = elsewhere(corpus, tmp_path / "theirs", size=size + 61)
    import_teacher(given, tmp_path / "t" / "member_0", corpus.fitted, EXACT)
    (job,) = capture_jobs(corpus, tmp_path / "t")
    rows = corpus.fitted.encode(corpus.examples.read().head(2))
    assert {answer.shape[-1] for answer in job.teacher.keeping(Full()).answer(rows)} == {size}


def test_a_quantised_file_becomes_one_of_ours_in_half_precision(
    corpus: CorpusOnDisk, tmp_path: Path
) -> None:
    write_gguf(tmp_path / "m.gguf", corpus.fitted.tokenizer, GGMLQuantizationType.Q8_0)
    half = Inference(dtype="bfloat16", device_map="cpu")
    own = replace(corpus.fitted, tokenizer=read_model_tokenizer(tmp_path / "m.gguf"))
    import_teacher(tmp_path / "m.gguf", tmp_path / "t", own, half)
    assert read_encoder(tmp_path / "t") == own
    assert load_model(tmp_path / "t", half).dtype == torch.bfloat16


def test_another_tokenizer_is_refused_with_what_to_do(corpus: CorpusOnDisk, tmp_path: Path) -> None:
    other = small_corpus(tmp_path, count=20, text={"vocabulary": 270})
    with pytest.raises(ModelError, match=r"Set data\.text\.tokenizer to the teacher's folder"):
        import_teacher(elsewhere(corpus, tmp_path / "theirs"), tmp_path / "t", other.fitted, EXACT)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("model.safetensors", lambda content: content[:-8], r"model\.safetensors is damaged"),
        (
            "config.json",
            lambda content: _with(content, **STRANGE),
            "needs the code beside the model",
        ),
        ("config.json", lambda content: _with(content, n_positions=8), "takes at most 8 tokens"),
        ("config.json", lambda content: b"{", "config"),
        ("tokenizer.json", lambda content: b"{", "tokenizer of .* cannot be read"),
    ],
    ids=["damaged", "code", "short", "config", "tokenizer"],
)
def test_what_cannot_be_used_is_refused_before_it_is_copied(
    corpus: CorpusOnDisk, tmp_path: Path, name: str, change: Callable[[bytes], bytes], words: str
) -> None:
    given = elsewhere(corpus, tmp_path / "theirs")
    (given / name).write_bytes(change((given / name).read_bytes()))
    with pytest.raises((ModelError, DataError), match=words) as raised:
        import_teacher(given, tmp_path / "t", corpus.fitted, EXACT)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "t").exists()


def test_a_model_with_other_logits_is_refused(corpus: CorpusOnDisk, tmp_path: Path) -> None:
    vocabulary = replace(corpus.shape.vocabulary, task="masked_token")  # type: ignore[type-var]
    bert = build("transformer", BERT, replace(corpus.shape, vocabulary=vocabulary), 1)
    bert.save_pretrained(tmp_path / "bert")
    write_tokenizer(corpus.fitted.tokenizer, tmp_path / "bert")
    with pytest.raises(ModelError, match="predicts the masked token"):
        import_teacher(tmp_path / "bert", tmp_path / "t", corpus.fitted, EXACT)
    with pytest.raises(ModelError, match="is a language model, but the examples are image"):
        import_teacher(elsewhere(corpus, tmp_path / "theirs"), tmp_path / "t", ENCODER, EXACT)


def test_a_classifier_from_elsewhere_is_known_by_its_names(tmp_path: Path) -> None:
    texts = text_examples.ENCODER
    bert = build("transformer", BERT, Shape.of(texts), 1)
    bert.save_pretrained(tmp_path / "bert")
    write_tokenizer(texts.tokenizer, tmp_path / "bert")
    import_teacher(tmp_path / "bert", tmp_path / "t", texts, EXACT)
    assert read_encoder(tmp_path / "t") == texts
    other = replace(texts, classes=(*texts.classes[:-1], "another"))
    with pytest.raises(ModelError, match=r"set teacher\.class_names=\{money: <class>\} with the"):
        import_teacher(tmp_path / "bert", tmp_path / "u", other, EXACT)
    assert not (tmp_path / "u").exists()


@pytest.fixture
def _nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unregister our architectures, as in a new process that first imports a teacher."""
    for name in ("mlp", "sentence_encoder"):
        module = f"stillroom.models.architectures.{name}"
        monkeypatch.setattr(architectures, name, sys.modules[module])
        monkeypatch.delitem(sys.modules, module)  # so that the next import registers again
    for mapping in (CONFIG_MAPPING, *AUTO_MAPPINGS):
        monkeypatch.setattr(mapping, "_extra_content", {})


def test_a_sentence_model_of_our_own_is_imported_where_nothing_is_registered_yet(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    text_examples.text_table(tmp_path / "t.csv")
    ingested = ingest(text_examples.text_data(), tmp_path)
    sentences = text_examples.sentence_folder(tmp_path / "s")
    ours = tmp_path / "ours"
    head = Head(strength=10.0, steps=500)
    fit_sentence_teacher(sentences, ours, ingested.examples, ingested.encoder, head)
    inputs = ingested.encoder.encode(ingested.examples.head(4))
    expected = torch.cat(list(batches_of_logits(load_model(ours), inputs, 4)))
    request.getfixturevalue("_nothing_registered")
    with pytest.raises(ValueError, match="stillroom_sentence"):
        AutoConfig.from_pretrained(ours)
    import_teacher(ours, tmp_path / "t" / "member_0", ingested.encoder, EXACT)
    (ref,) = teacher_refs(tmp_path / "t")
    teacher = open_teacher(ref, CaptureSettings("none", 0, 4), ingested.encoder)
    assert torch.equal(torch.cat(list(teacher.answer(inputs))), expected)


STRANGE = {"model_type": "theirs", "auto_map": {"AutoConfig": "theirs.Config"}}


def _with(content: bytes, **changes: object) -> bytes:
    return json.dumps(json.loads(content) | changes).encode()
