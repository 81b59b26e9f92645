"""Image folder: where labels and splits come from."""

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


def test_hidden_files_and_other_files_are_no_images(tmp_path):
    draw(tmp_path, "cat/1.png", "cat/.hidden.png")
    (tmp_path / "images/cat/notes.txt").write_text("x")
    assert len(rows_of(tmp_path)) == 1


def test_a_folder_inside_a_class_is_refused(tmp_path):
    draw(tmp_path, "train/cat/1.png", "extra/1.png")
    with pytest.raises(DataError, match=r"train/cat is a folder inside the folder of a class"):
        rows_of(tmp_path)


def test_an_image_beside_the_folders_of_splits_is_refused(tmp_path):
    draw(tmp_path, "train/cat/1.png", "1.png")
    with pytest.raises(DataError, match=r"1\.png lies beside the folders of the splits"):
        rows_of(tmp_path)


def test_an_unreadable_image_is_refused_by_name(tmp_path):
    draw(tmp_path, "cat/1.png")
    (tmp_path / "images/cat/2.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"^cat/2\.png is not a readable image"):
        rows_of(tmp_path)


def test_classes_of_two_sizes_are_refused_by_name(tmp_path):
    draw(tmp_path, "cat/1.png")
    (tmp_path / "images/dog").mkdir()
    Image.new("L", (5, 5)).save(tmp_path / "images/dog/1.png")
    with pytest.raises(DataError, match=r"^dog/1\.png is 5x5x1, but cat/1\.png is 1x2x1"):
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
