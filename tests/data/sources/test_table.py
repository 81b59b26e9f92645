"""Table: one kind of input, from one file or many, never from outside of its folder."""

import hashlib

import polars as pl
import pytest
from support.examples.data_config import a_data

from stillroom.data.sources.table import read_table
from stillroom.errors import ConfigError, DataError


def data(path="t.csv", features=(), **columns):
    return a_data(path=path, columns={"features": list(features), **columns})


def test_one_file_of_text_is_read(tmp_path):
    (tmp_path / "t.csv").write_text("words,class,part of\nhello,x,train\nbye,,test\n")
    raw = read_table(data(text="words", label="class", split="part of"), tmp_path)
    assert (raw.kind, raw.shape, list(raw.files)) == ("text", (), ["t.csv"])
    assert raw.frame.rows() == [
        ("hello", "x", "train", "t.csv", 0, "t.csv row 0"),
        ("bye", None, "test", "t.csv", 1, "t.csv row 1"),
    ]


def test_a_folder_of_all_formats_is_read_by_name_and_labels_agree(tmp_path):
    pl.DataFrame({"label": [1.0, None], "a": [1, 2]}).write_parquet(tmp_path / "c.parquet")
    (tmp_path / "b.csv").write_text("a,label\n3,1\n")
    (tmp_path / "a.jsonl").write_text('{"a": 4.5, "label": 1}\n')
    (tmp_path / "notes.md").write_text("no table")
    raw = read_table(data(path=".", features=["a"]), tmp_path)
    assert raw.frame.select("content", "label", "part").rows() == [
        ([4.5], "1", "a.jsonl"),
        ([3.0], "1", "b.csv"),
        ([1.0], "1", "c.parquet"),
        ([2.0], None, "c.parquet"),
    ]


def test_features_are_in_the_order_of_the_parameter(tmp_path):
    (tmp_path / "t.csv").write_text("a,b,label\n1,2,x\n")
    raw = read_table(data(features=["b", "a"]), tmp_path)
    assert raw.shape == (2,)
    assert raw.frame["content"].to_list() == [[2.0, 1.0]]


def test_a_nan_feature_is_refused_with_file_row_and_column(tmp_path):
    (tmp_path / "t.csv").write_text("a,b,label\n1,2,x\n1,NaN,x\n")
    with pytest.raises(DataError, match=r"t\.csv row 1: column b is nan"):
        read_table(data(features=["a", "b"]), tmp_path)


@pytest.mark.parametrize(
    "inputs", [{}, {"text": "a", "image": "b"}, {"text": "a", "features": ["b"]}]
)
def test_other_than_one_kind_of_input_is_refused(tmp_path, inputs):
    with pytest.raises(ConfigError, match=r"Exactly one of data\.columns\.image, .* must be set"):
        read_table(data(**inputs), tmp_path)


@pytest.mark.parametrize("features", [["a", "label"], ["a", "a"]])
def test_the_label_or_a_column_twice_among_the_features_is_refused(tmp_path, features):
    with pytest.raises(ConfigError, match="lists a column twice, or lists the label"):
        read_table(data(features=features), tmp_path)


def test_a_missing_column_is_refused_with_the_nearest_name(tmp_path):
    (tmp_path / "t.csv").write_text("text,category\na,x\n")
    with pytest.raises(DataError, match=r"t\.csv has no column categroy\. Did you mean category"):
        read_table(data(text="text", label="categroy"), tmp_path)


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
@pytest.mark.parametrize("inputs", [{"text": "a"}, {"image": "a"}, {"features": ["a"]}])
def test_a_table_of_no_rows_is_refused(tmp_path, name, inputs):
    match name:
        case "t.csv":
            (tmp_path / name).write_text("a,label\n")
        case "t.jsonl":
            (tmp_path / name).write_text("")
        case "t.parquet":
            frame = pl.DataFrame(schema={"a": pl.String, "label": pl.String})
            frame.write_parquet(tmp_path / name)
    with pytest.raises(DataError, match=f"{name} holds no rows"):
        read_table(data(path=name, **inputs), tmp_path)


@pytest.mark.parametrize(
    ("path", "words"), [("nowhere.csv", "does not exist"), (".", "holds no table")]
)
def test_a_path_without_a_table_is_refused(tmp_path, path, words):
    (tmp_path / "t.txt").write_text("a")
    with pytest.raises(DataError, match=words):
        read_table(data(path=path, text="a"), tmp_path)


def test_a_file_of_another_format_is_refused(tmp_path):
    (tmp_path / "t.txt").write_text("a")
    with pytest.raises(DataError, match=r"Allowed: \.parquet, \.csv, \.tsv, .*\.jsonl"):
        read_table(data(path="t.txt", text="a"), tmp_path)


def write(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"text,label\nfrom {name},x\n")


def read(folder, **changes):
    columns = {"text": "text"} | changes.pop("columns", {})
    return read_table(a_data(path=".", columns=columns, **changes), folder)


def splits(folder, **columns):
    frame = read(folder, columns=columns).frame
    return dict(frame.select("part", "split").iter_rows())


def texts_of(raw):
    return [notice.text for notice in raw.notices]


def test_files_that_are_named_after_splits_are_these(tmp_path):
    write(tmp_path, "train.csv", "test.csv", "Valid.csv")
    expected = {"train.csv": "train", "test.csv": "test", "Valid.csv": "validation"}
    assert splits(tmp_path) == expected
    assert read(tmp_path).splits_from == "file names"


@pytest.mark.parametrize("names", [["train.csv"], ["train.csv", "more.csv"], ["a.csv", "b.csv"]])
def test_other_files_have_no_split(tmp_path, names):
    write(tmp_path, *names)
    assert set(splits(tmp_path).values()) == {None}
    assert read(tmp_path).splits_from is None


def test_rows_of_a_file_for_testing_are_not_trained_on_beside_files_without_a_word(tmp_path):
    write(tmp_path, "a.csv", "test.csv")
    assert splits(tmp_path) == {"a.csv": "train", "test.csv": "test"}


def test_a_labelled_file_without_a_word_beside_official_splits_is_refused(tmp_path):
    write(tmp_path, "train.csv", "test.csv", "extra.csv")
    with pytest.raises(DataError, match=r"The name of extra\.csv holds no word for a split"):
        read(tmp_path)


def test_an_unlabelled_file_beside_official_splits_is_for_training(tmp_path):
    write(tmp_path, "train.csv", "test.csv")
    (tmp_path / "extra.csv").write_text("text\na\nb\n")
    raw = read(tmp_path, unlabelled="keep")
    frame = raw.frame.filter(pl.col("part") == "extra.csv")
    assert frame.select("label", "split").rows() == [(None, "train"), (None, "train")]
    assert texts_of(raw) == [
        "extra.csv has no column label: its 2 rows are unlabelled.",
        "extra.csv has no labels, so it is for training.",
    ]


def test_a_column_of_splits_goes_before_the_names_of_files(tmp_path):
    (tmp_path / "train.csv").write_text("text,label,part\na,x,test\n")
    (tmp_path / "test.csv").write_text("text,label,part\nb,x,train\n")
    assert splits(tmp_path, split="part") == {"train.csv": "test", "test.csv": "train"}


def test_other_words_in_a_column_of_splits_are_said(tmp_path):
    (tmp_path / "a.csv").write_text("text,label,part\na,x,Train\nb,y,dev\nc,x,dev\nd,x,test\n")
    raw = read(tmp_path, columns={"split": "part"})
    assert raw.splits_from == "column part"
    assert texts_of(raw) == [
        "Column part: 'Train' is read as train (1 rows).",
        "Column part: 'dev' is read as validation (2 rows).",
    ]


def test_a_file_without_labels_is_refused_with_the_switch(tmp_path):
    write(tmp_path, "a.csv")
    (tmp_path / "b.csv").write_text("text\nc\n")
    with pytest.raises(DataError, match=r"b\.csv has no column label.* set data\.unlabelled=keep"):
        read(tmp_path)
    raw = read(tmp_path, unlabelled="keep")
    assert raw.frame.select("content", "label").rows() == [("from a.csv", "x"), ("c", None)]


@pytest.mark.parametrize("name", ["b.jsonl", "b.parquet", "b.tsv", "b.json"])
def test_a_file_of_any_format_may_lack_the_label(tmp_path, name):
    (tmp_path / "sub").mkdir()
    frame = pl.DataFrame({"text": ["c"], "n": [1]})
    match name:
        case "b.jsonl":
            frame.write_ndjson(tmp_path / name)
        case "b.parquet":
            frame.write_parquet(tmp_path / name)
        case "b.tsv":
            frame.write_csv(tmp_path / name, separator="\t")
        case "b.json":
            frame.write_json(tmp_path / name)
    assert read(tmp_path, unlabelled="keep").frame["label"].to_list() == [None]


def test_class_names_of_the_hub_become_labels(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    stored = '{"info": {"features": {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}}}'
    table = pa.table({"text": ["a", "b"], "label": [1, 0]})
    pq.write_table(table.replace_schema_metadata({"huggingface": stored}), tmp_path / "a.parquet")
    raw = read(tmp_path)
    assert raw.frame["label"].to_list() == ["pos", "neg"]
    assert len(raw.notices) == 1


def test_an_embedding_and_numbers_are_features(tmp_path):
    pl.DataFrame({"e": [[1.0, 2.0]], "n": [3], "label": ["x"]}).write_parquet(
        tmp_path / "a.parquet"
    )
    (tmp_path / "b.jsonl").write_text('{"e": [4, 5.5], "n": 6, "label": "y"}\n')
    raw = read_table(data(path=".", features=["e", "n"]), tmp_path)
    assert raw.shape == (3,)
    assert raw.frame["content"].to_list() == [[1.0, 2.0, 3.0], [4.0, 5.5, 6.0]]


def test_embeddings_of_other_lengths_in_two_files_are_refused(tmp_path):
    for name, values in (("a.parquet", [1.0, 2.0]), ("b.parquet", [1.0])):
        pl.DataFrame({"e": [values], "label": ["x"]}).write_parquet(tmp_path / name)
    with pytest.raises(DataError, match=r"b\.parquet row 0 is 1, but a\.parquet row 0 is 2"):
        read_table(data(path=".", features=["e"]), tmp_path)


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path):
    write(tmp_path, "a.csv")
    expected = hashlib.sha256((tmp_path / "a.csv").read_bytes()).hexdigest()
    assert read(tmp_path).files == {"a.csv": expected}
