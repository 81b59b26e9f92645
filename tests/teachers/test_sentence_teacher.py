"""Sentence teachers: the head solves its equations on the labelled rows only."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from support.examples.text_examples import (
    ENCODER,
    LENGTH,
    sentence_folder,
    text_data,
    text_table,
)
from transformers import AutoModel, PreTrainedTokenizerFast

from stillroom.config.schema import Head
from stillroom.data.ingest.ingest_examples import IngestResult, ingest
from stillroom.errors import DataError, ModelError
from stillroom.models.architectures.sentence_encoder import embeddings
from stillroom.models.forward.forward_kwargs import forward_kwargs
from stillroom.models.pretrained.model_directory import load_model, read_encoder
from stillroom.teachers.sentence.linear_head import LinearHead, fit_head
from stillroom.teachers.sentence_teacher import fit_sentence_teacher

HEAD = Head(strength=10.0, steps=500)


def ingested(folder: Path, encoding: str = "tokens") -> IngestResult:
    text_table(folder / "t.csv")
    return ingest(text_data(text={"encoding": encoding}), folder)


def test_the_logits_of_the_teacher_are_those_of_its_head_on_its_embeddings(tmp_path: Path) -> None:
    made = ingested(tmp_path)
    given = sentence_folder(tmp_path / "s")
    fit_sentence_teacher(given, tmp_path / "m", made.examples, made.encoder, HEAD)
    model, own = load_model(tmp_path / "m"), read_encoder(tmp_path / "m")
    assert own.classes == made.encoder.classes == ENCODER.classes
    train = made.examples.filter(pl.col("split") == "train")
    inputs = torch.from_numpy(own.encode(train))
    with torch.inference_mode():
        vectors = embeddings(model, inputs).double().numpy()
        logits = model(**forward_kwargs(model, inputs)).logits.numpy()
    head = fit_head(vectors, train["label"].to_numpy().astype(int), 10.0, 500)
    np.testing.assert_allclose(logits, vectors @ head.weights.T + head.bias, atol=2e-2)


def test_it_brings_a_tokenizer_of_its_own_where_the_examples_are_hashed(tmp_path: Path) -> None:
    made = ingested(tmp_path, "hashed")
    given = sentence_folder(tmp_path / "s")
    fit_sentence_teacher(given, tmp_path / "m", made.examples, made.encoder, HEAD)
    own = read_encoder(tmp_path / "m")
    assert own == ENCODER
    assert own.kind != made.encoder.kind


def test_rows_without_a_label_make_no_difference(tmp_path: Path) -> None:
    made = ingested(tmp_path)
    given = sentence_folder(tmp_path / "s")
    few = made.examples.with_columns(
        label=pl.when((pl.col("split") != "train") | (pl.col("row") < 60)).then(pl.col("label"))
    )
    alone = few.filter(pl.col("label").is_not_null())
    for name, rows in (("a", few), ("b", alone)):
        fit_sentence_teacher(given, tmp_path / name, rows, made.encoder, HEAD)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in "ab"]
    assert weights[0] == weights[1]


def test_the_strength_with_the_lowest_validation_nll_is_chosen(tmp_path: Path) -> None:
    made = ingested(tmp_path)
    given = sentence_folder(tmp_path / "s")
    validation = made.examples.filter(pl.col("split") == "validation")

    def nll(name: str) -> float:
        model = load_model(tmp_path / name)
        inputs = torch.from_numpy(read_encoder(tmp_path / name).encode(validation))
        with torch.inference_mode():
            vectors = embeddings(model, inputs).double().numpy()
        head = [one.detach().double().numpy() for one in model.classifier.parameters()]
        return LinearHead(*head).nll(vectors, validation["label"].to_numpy().astype(int))

    for name, strength in (("chosen", None), ("weak", 1.0), ("strong", 100.0)):
        head = Head(strength=strength, steps=500)
        fit_sentence_teacher(given, tmp_path / name, made.examples, made.encoder, head)
    assert nll("chosen") <= min(nll("weak"), nll("strong"))


def test_a_class_without_a_labelled_row_is_refused(tmp_path: Path) -> None:
    made = ingested(tmp_path)
    rows = made.examples.filter((pl.col("split") != "train") | (pl.col("label") != 1))
    with pytest.raises(DataError, match=r"1 of 3 classes have no labelled training row; .* card"):
        fit_sentence_teacher(
            sentence_folder(tmp_path / "s"), tmp_path / "m", rows, made.encoder, HEAD
        )


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    made = ingested(tmp_path)
    with pytest.raises(ModelError, match=r"x does not exist\. Set it to a folder with config"):
        fit_sentence_teacher(tmp_path / "x", tmp_path / "m", made.examples, made.encoder, HEAD)


def test_examples_that_are_no_texts_are_refused(tmp_path: Path) -> None:
    made = ingested(tmp_path)
    given, rows = sentence_folder(tmp_path / "s"), made.examples.drop("text")
    with pytest.raises(DataError, match="the examples are not texts"):
        fit_sentence_teacher(given, tmp_path / "m", rows, made.encoder, HEAD)


def layout(folder: Path, pooling: dict[str, object], prompts: dict[str, object]) -> Path:
    given = sentence_folder(folder)
    (given / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (given / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    return given


PROMPTS = {"prompts": {"sort": "sort this: "}, "default_prompt_name": "sort"}


@pytest.mark.parametrize("includes_prompt", [True, False])
def test_a_prompt_is_read_before_each_text_and_pooled_as_configured(
    tmp_path: Path, includes_prompt: bool, caplog: pytest.LogCaptureFixture
) -> None:
    made = ingested(tmp_path)
    pooling = {"pooling_mode": ["mean", "max"], "include_prompt": includes_prompt}
    given = layout(tmp_path / "s", pooling, PROMPTS)
    with caplog.at_level("INFO", logger="stillroom"):
        fit_sentence_teacher(given, tmp_path / "m", made.examples, made.encoder, HEAD)
    assert "after its default prompt: 'sort this: '" in caplog.text
    model, own = load_model(tmp_path / "m"), read_encoder(tmp_path / "m")
    assert own.to_json() == ENCODER.to_json() | {"prompt": "sort this: "}
    rows = made.examples.head(3)
    with torch.inference_mode():
        ours = embeddings(model, torch.from_numpy(own.encode(rows)))
    # The same by transformers alone: one text after the other, without padding.
    encoder = AutoModel.from_pretrained(given).eval()
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(given / "tokenizer.json"))
    prompt = len(tokenizer("sort this: ").input_ids) - 1  # less the special token at its end
    for text, vector in zip(rows["text"].to_list(), ours, strict=True):
        ids = torch.tensor([tokenizer("sort this: " + text).input_ids[:LENGTH]])
        with torch.inference_mode():
            states = encoder(input_ids=ids).last_hidden_state[0]
        states = states if includes_prompt else states[prompt:]
        pooled = torch.cat([states.mean(dim=0), states.max(dim=0).values])
        torch.testing.assert_close(vector, pooled / pooled.norm(), atol=1e-5, rtol=1e-4)


def test_a_prompt_and_what_is_pooled_change_the_fingerprint(tmp_path: Path) -> None:
    made, hashes = ingested(tmp_path), set()
    for number, (included, prompts) in enumerate([(True, {}), (True, PROMPTS), (False, PROMPTS)]):
        pooling = {"pooling_mode": "mean", "include_prompt": included}
        given = layout(tmp_path / f"s{number}", pooling, prompts)
        fit_sentence_teacher(given, tmp_path / f"m{number}", made.examples, made.encoder, HEAD)
        own = read_encoder(tmp_path / f"m{number}")
        config = (tmp_path / f"m{number}" / "config.json").read_text()
        hashes.add((json.dumps(own.to_json()), config))
    assert len(hashes) == 3
    assert sum("skipped_tokens" in config for _, config in hashes) == 1


def test_a_prompt_without_room_for_a_text_is_refused(tmp_path: Path) -> None:
    made = ingested(tmp_path)
    prompts = {"prompts": {"a": "please " * 40}, "default_prompt_name": "a"}
    given = layout(tmp_path / "s", {"pooling_mode": "mean", "include_prompt": False}, prompts)
    with pytest.raises(ModelError, match=r"The prompt of the sentence encoder has \d+ tokens"):
        fit_sentence_teacher(given, tmp_path / "m", made.examples, made.encoder, HEAD)
