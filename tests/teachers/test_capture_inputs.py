"""Capture inputs: the views and draws of each row, and their order."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support.examples.corpus_examples import masked_corpus
from support.examples.image_examples import ImageExamples, frame, image_examples
from support.examples.text_examples import ENCODER as TEXTS

from stillroom.data.encoders import ArrayEncoder, TokenEncoder, read_encoder
from stillroom.data.views.image_views import PLAIN, Views
from stillroom.errors import ConfigError
from stillroom.io.tables import TableFile, write_table
from stillroom.teachers import capture_inputs
from stillroom.teachers.capture_inputs import ExampleInputs

MOVED = Views(count=3, shift=2, seed=5)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ImageExamples:
    return image_examples(tmp_path_factory.mktemp("questions"), unlabelled=10)


def inputs_of(made: ImageExamples, views: Views = PLAIN, draws: int = 1) -> ExampleInputs:
    return ExampleInputs(made.examples, read_encoder(made.encoder), views, draws)


def test_plain_inputs_are_the_examples_in_order(made: ImageExamples) -> None:
    rows = [capture_input.row for capture_input in inputs_of(made)]
    examples = made.examples.read()
    assert [row.example_id for row in rows] == examples["example_id"].to_list()
    assert [row.part for row in rows] == examples["part"].to_list()
    assert {(row.view, row.draw) for row in rows} == {(0, 0)}
    labels = examples["label"].fill_null(-1).to_list()
    assert [row.labels.tolist() for row in rows] == [[label] for label in labels]
    assert labels[:10] == [-1] * 10
    inputs = np.stack([capture_input.input() for capture_input in inputs_of(made)])
    assert (inputs == read_encoder(made.encoder).encode(examples)).all()


@pytest.mark.parametrize(("views", "draws"), [(PLAIN, 1), (PLAIN, 4), (MOVED, 1), (MOVED, 2)])
def test_the_length_is_the_number_of_inputs(made: ImageExamples, views: Views, draws: int) -> None:
    wanted = 60 * max(views.count, 1) * draws + 20 + 30
    assert len(inputs_of(made, views, draws)) == len(list(inputs_of(made, views, draws))) == wanted


def test_views_and_draws_are_of_training_rows_alone_and_stand_together(made: ImageExamples) -> None:
    rows = [capture_input.row for capture_input in inputs_of(made, MOVED, 2)]
    each = [(1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)]
    assert [(row.view, row.draw) for row in rows[: 6 * 60]] == each * 60
    for start in range(0, 6 * 60, 6):
        assert len({row.example_id for row in rows[start : start + 6]}) == 1
    assert {(row.view, row.draw) for row in rows[6 * 60 :]} == {(0, 0)}


def test_the_input_is_the_view_of_the_encoded_image(made: ImageExamples) -> None:
    examples = made.examples.read()
    plain = read_encoder(made.encoder).encode(examples)
    at = {key: row for row, key in enumerate(examples["example_id"])}
    for capture_input in inputs_of(made, MOVED):
        key, view = capture_input.row.example_id, capture_input.row.view
        image = plain[at[key] : at[key] + 1]
        assert (capture_input.input() == MOVED.apply(image, [key], view)[0]).all()


def test_draws_share_an_input_key_and_views_do_not(made: ImageExamples) -> None:
    keys: dict[tuple[bytes, int], set[bytes]] = {}
    for capture_input in inputs_of(made, MOVED, 2):
        row = capture_input.row
        keys.setdefault((row.example_id, row.view), set()).add(row.input_key)
    assert all(len(of_view) == 1 for of_view in keys.values())
    assert len(set.union(*keys.values())) == len(keys) == 3 * 60 + 50


def test_a_plain_row_has_the_key_that_it_had_before_there_were_views(made: ImageExamples) -> None:
    def plain(views: Views) -> list[bytes]:
        return [q.row.input_key for q in inputs_of(made, views) if q.row.view == 0]

    assert plain(PLAIN)[60:] == plain(MOVED)


@pytest.mark.parametrize("other", [{"shift": 1}, {"seed": 6}])
def test_another_transform_has_other_keys_and_one_view_more_the_same(
    made: ImageExamples, other: dict[str, int]
) -> None:
    def moved(views: Views) -> list[bytes]:
        return [q.row.input_key for q in inputs_of(made, views) if q.row.view in (1, 2, 3)]

    changed = {"count": 3, "shift": 2, "seed": 5} | other
    assert not set(moved(MOVED)) & set(moved(Views(**changed)))
    assert moved(Views(count=4, shift=2, seed=5)) == moved(MOVED)


def test_the_batches_in_which_rows_are_read_change_nothing(
    made: ImageExamples, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen() -> list[tuple[bytes, bytes]]:
        return [(q.row.input_key, q.input().tobytes()) for q in inputs_of(made, MOVED)]

    whole = seen()
    monkeypatch.setattr(capture_inputs, "ROWS_AT_ONCE", 7)
    assert seen() == whole


def test_equal_contents_have_equal_keys_and_other_examples(tmp_path: Path) -> None:
    examples = frame()
    twice = examples.with_columns(image=pl.lit(examples["image"][0]))
    write_table(twice, tmp_path / "twice.parquet")
    encoder = read_encoder(image_examples(tmp_path).encoder)
    rows = [q.row for q in ExampleInputs(TableFile(tmp_path / "twice.parquet"), encoder, PLAIN, 1)]
    assert len({row.input_key for row in rows}) == 1
    assert all(one.example_id != other.example_id for one, other in pairwise(rows))


def test_views_of_what_is_no_image_are_refused(made: ImageExamples) -> None:
    features = ArrayEncoder(
        kind="features", classes=("a", "b"), shape=(2,), raw_shape=(), mean=(0, 0), scale=(1, 1)
    )
    ExampleInputs(made.examples, features, PLAIN, 2)
    with pytest.raises(ConfigError, match=r"softlabels\.views is 3.*features.*Set it to 0"):
        ExampleInputs(made.examples, features, MOVED, 1)


def test_hidden_tokens_are_those_of_the_key_and_the_view(tmp_path: Path) -> None:
    corpus = masked_corpus(tmp_path, count=40)
    masks = corpus.fitted.masks(2)
    examples = corpus.examples.read()
    # A teacher's own encoder may have other masks; the masks of the examples count.
    own = replace(corpus.fitted, mask_share=0.5, mask_seed=9)
    inputs = list(ExampleInputs(corpus.examples, own, masks, 1))
    train = examples["split"] == "train"
    assert len(inputs) == len(examples) + train.sum()
    plain = corpus.fitted.encode(examples)
    at = {key: row for row, key in enumerate(examples["example_id"])}
    for capture_input in inputs:
        key = capture_input.row.example_id
        row = plain[at[key] : at[key] + 1]
        expected = masks.apply(row, [key], capture_input.row.view)[0]
        assert (capture_input.input() == expected).all()
        assert capture_input.row.labels.tolist() == [one for one in expected[2] if one >= 0]
        assert capture_input.row.view in ((1, 2) if train[at[key]] else (0,))
    assert len({capture_input.row.input_key for capture_input in inputs}) == len(inputs)


def test_texts_beyond_the_length_of_an_encoder_are_counted(
    made: ImageExamples, tmp_path: Path
) -> None:
    table = pl.DataFrame({"text": ["a", "a " * 40, "a " * 50]})
    write_table(table, tmp_path / "texts.parquet")
    short = TokenEncoder.of(TEXTS.tokenizer, TEXTS.classes, 10)
    inputs = ExampleInputs(TableFile(tmp_path / "texts.parquet"), short, PLAIN, 1)
    assert inputs.count_truncated() == 2
    assert inputs_of(made).count_truncated() == 0
