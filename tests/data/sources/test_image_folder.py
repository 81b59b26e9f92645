"""Image folder: where labels and splits come from."""

import hashlib

import numpy as np
import pytest
from PIL import Image
from support.examples.data_config import a_data

from stillroom.data.sources.image_folder import read_image_folder
from stillroom.errors import DataError

DATA = a_data(source="image_folder", path="images")


def draw(root, *names):
    for value, name in enumerate(names):
        path = root / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((1, 2), value, np.uint8)).save(path)


def rows_of(root):
    columns = ("content", "label", "split", "part", "row", "origin")
    return read_image_folder(DATA, root).frame.select(columns).rows()


def test_a_folder_names_the_class_of_its_images(tmp_path):
    draw(tmp_path, "dog/b.png", "cat/2.png", "dog/a.png")
    assert rows_of(tmp_path) == [
        (b"\x01\x01", "cat", None, "cat", 0, "cat/2.png"),
        (b"\x02\x02", "dog", None, "dog", 0, "dog/a.png"),
        (b"\x00\x00", "dog", None, "dog", 1, "dog/b.png"),
    ]


def test_folders_of_splits_may_stand_above_the_classes(tmp_path):
    draw(tmp_path, "train/cat/1.png", "val/cat/1.png", "test/dog/1.png")
    assert [row[1:4] for row in rows_of(tmp_path)] == [
        ("dog", "test", "test/dog"),
        ("cat", "train", "train/cat"),
        ("cat", "validation", "val/cat"),
    ]


def test_an_image_in_no_class_has_no_label(tmp_path):
    draw(tmp_path, "1.png", "cat/1.png")
    assert [row[1:4] for row in rows_of(tmp_path)] == [(None, None, "."), ("cat", None, "cat")]


def test_an_image_in_the_folder_of_a_split_has_no_label(tmp_path):
    draw(tmp_path, "train/1.png", "train/cat/1.png")
    assert [row[1:4] for row in rows_of(tmp_path)] == [
        (None, "train", "train"),
        ("cat", "train", "train/cat"),
    ]


def test_what_is_left_out_is_counted_and_said(tmp_path):
    draw(tmp_path, "cat/1.png", "cat/.hidden.png", "cat/@eaDir/1.png")
    (tmp_path / "images/cat/notes.txt").write_text("x")
    (tmp_path / "images/dog").mkdir()
    raw = read_image_folder(DATA, tmp_path)
    assert raw.frame.height == 1
    assert raw.skipped == {}  # a notice says it, once
    assert [(notice.kind, notice.text) for notice in raw.notices] == [
        ("left_out", "Folders of classes without an image: 1 (dog)."),
        (
            "left_out",
            "Hidden, or left by other programs: 2 files or folders (cat/.hidden.png, cat/@eaDir).",
        ),
        ("left_out", "Not read as images: 1 .txt file (cat/notes.txt)."),
    ]


def test_it_is_said_whether_the_folders_name_the_splits(tmp_path):
    draw(tmp_path, "cat/1.png")
    assert read_image_folder(DATA, tmp_path).splits_from is None
    draw(tmp_path / "b", "train/cat/1.png", "Valid/cat/2.png")
    raw = read_image_folder(DATA, tmp_path / "b")
    assert raw.splits_from == "the names of the folders"
    assert raw.frame["split"].to_list() == ["validation", "train"]


def test_a_class_whose_images_cannot_be_read_is_said(tmp_path):
    draw(tmp_path, "cat/1.png", "cat/3.png")
    (tmp_path / "images/dog").mkdir()
    for name in ("cat/2.png", "dog/1.png", "dog/2.png"):
        (tmp_path / "images" / name).write_bytes(b"no image")
    raw = read_image_folder(a_data(path="images", image={"unreadable": "skip"}), tmp_path)
    assert raw.frame.select("origin", "row").rows() == [("cat/1.png", 0), ("cat/3.png", 2)]
    assert [notice.text for notice in raw.notices][-2:] == [
        "Left out, since they cannot be read (data.image.unreadable=skip): 3 images (cat/2.png, "
        "dog/1.png, dog/2.png).",
        "dog: none of its images can be read.",
    ]


def test_grey_of_one_class_and_colour_of_another_become_colour(tmp_path):
    draw(tmp_path, "cat/1.png")
    (tmp_path / "images/dog").mkdir()
    Image.new("RGB", (2, 1), (1, 2, 3)).save(tmp_path / "images/dog/1.png")
    raw = read_image_folder(DATA, tmp_path)
    assert raw.shape == (1, 2, 3)
    assert raw.frame["content"].to_list() == [bytes(6), b"\x01\x02\x03" * 2]


def test_the_hash_is_of_the_bytes_that_are_decoded(tmp_path):
    draw(tmp_path, "cat/1.png")
    content = (tmp_path / "images/cat/1.png").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    listing = f'{{"1.png":"{digest}"}}'.encode()
    files = read_image_folder(DATA, tmp_path).files
    assert files == {"cat": hashlib.sha256(listing).hexdigest()}


def test_an_unreadable_image_is_refused_by_name(tmp_path):
    draw(tmp_path, "cat/1.png")
    (tmp_path / "images/cat/2.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"^cat/2\.png is not a readable image"):
        rows_of(tmp_path)


def test_classes_of_two_sizes_are_refused_with_a_way_out(tmp_path):
    draw(tmp_path, "cat/1.png")
    (tmp_path / "images/dog").mkdir()
    Image.new("L", (5, 5)).save(tmp_path / "images/dog/1.png")
    with pytest.raises(
        DataError, match=r"2 sizes .*: 1x2 \(1 image\), 5x5 \(1 image\)\. Set data\.image"
    ):
        rows_of(tmp_path)


def test_no_images_are_refused(tmp_path):
    (tmp_path / "images/cat").mkdir(parents=True)
    with pytest.raises(DataError, match="holds no images"):
        rows_of(tmp_path)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"data\.path images is not a folder"):
        rows_of(tmp_path)


def test_the_hash_of_a_folder_changes_with_a_name_or_a_content(tmp_path):
    draw(tmp_path, "cat/1.png", "cat/2.png")
    first = read_image_folder(DATA, tmp_path).files["cat"]
    (tmp_path / "images/cat/2.png").rename(tmp_path / "images/cat/3.png")
    renamed = read_image_folder(DATA, tmp_path).files["cat"]
    draw(tmp_path, "cat/3.png")
    assert len({first, renamed, read_image_folder(DATA, tmp_path).files["cat"]}) == 3
