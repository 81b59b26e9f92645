"""Folder layout: where labels and splits come from, what is refused, and what is said."""

import pytest

from stillroom.data.images.folder_layout import folder_layout
from stillroom.data.images.folder_listing import FolderReader
from stillroom.errors import DataError


def layout(root, *names):
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
    folders, notices = folder_layout(FolderReader(root, False))
    rows = [(one.part, one.label, one.split) for one in folders if one.images]
    return rows, [f"{notice.kind}: {notice.text}" for notice in notices]


def test_a_folder_is_a_class(tmp_path):
    rows, notices = layout(tmp_path, "dog/1.png", "cat/1.png", "2.png")
    assert rows == [(".", None, None), ("cat", "cat", None), ("dog", "dog", None)]
    assert notices == []


@pytest.mark.parametrize(
    ("names", "splits", "said"),
    [
        (("train", "validation", "test"), ["test", "train", "validation"], None),
        (("train", "valid", "test"), ["test", "train", "validation"], "valid as validation"),
        (("Train", "Val", "Test"), ["test", "train", "validation"], "Train as train"),
        (("TRAINING", "dev", "TESTING"), ["test", "train", "validation"], "dev as validation"),
        (("train", "eval"), ["test", "train"], "eval as test"),
        (("training",), ["train"], "training as train"),
    ],
)
def test_folders_of_other_tools_are_splits(tmp_path, names, splits, said):
    rows, notices = layout(tmp_path, *(f"{name}/cat/1.png" for name in names))
    assert sorted(split for *_, split in rows) == splits
    assert {label for _, label, _ in rows} == {"cat"}
    assert [said in text for text in notices] == ([] if said is None else [True])


def test_two_words_for_one_split_are_both_read(tmp_path):
    rows, _ = layout(tmp_path, "train/cat/1.png", "val/cat/1.png", "valid/cat/2.png")
    assert [split for *_, split in rows] == ["train", "validation", "validation"]


def test_splits_may_stand_below_the_classes(tmp_path):
    rows, notices = layout(tmp_path, "cat/train/1.png", "cat/val/1.png", "dog/train/1.png")
    assert rows == [
        ("cat/train", "cat", "train"),
        ("cat/val", "cat", "validation"),
        ("dog/train", "dog", "train"),
    ]
    assert notices == ["guessed: Folders are read as splits: val as validation."]


def test_images_in_the_folder_of_a_split_have_no_label(tmp_path):
    rows, _ = layout(tmp_path, "train/1.png", "train/cat/1.png")
    assert rows == [("train", None, "train"), ("train/cat", "cat", "train")]


def test_a_class_may_be_called_train(tmp_path):
    rows, notices = layout(tmp_path, "train/1.png", "car/1.png")
    assert rows == [("car", "car", None), ("train", "train", None)]
    assert notices == [
        "guessed: train: read as a class, not as a split, since classes stand beside it."
    ]


@pytest.mark.parametrize("other", ["cat/1.png", "extra/1.png", "holdout/cat/1.png"])
def test_splits_beside_other_folders_are_refused(tmp_path, other):
    with pytest.raises(DataError, match=r"^train is a split, but \w+ beside it is none\. Move it"):
        layout(tmp_path, "train/cat/1.png", other)


def test_an_image_beside_the_splits_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"^1\.png lies beside the folders of the splits"):
        layout(tmp_path, "train/cat/1.png", "1.png")


@pytest.mark.parametrize("names", [("cat/small/1.png", "dog/1.png"), ("train/a/b/1.png",)])
def test_a_folder_inside_a_class_is_refused(tmp_path, names):
    with pytest.raises(DataError, match=r"is a folder inside the folder of a class\. Move its"):
        layout(tmp_path, *names)


def test_a_folder_that_holds_nothing_but_the_data_is_passed_through(tmp_path):
    rows, notices = layout(tmp_path, "set/images/train/cat/1.png", "set/images/test/cat/1.png")
    assert rows == [
        ("set/images/test/cat", "cat", "test"),
        ("set/images/train/cat", "cat", "train"),
    ]
    assert notices == ["guessed: set/images is read as the folder of the images."]


def test_one_class_alone_is_no_wrapper(tmp_path):
    assert layout(tmp_path, "cat/1.png") == ([("cat", "cat", None)], [])


@pytest.mark.parametrize(
    "names",
    [
        ("images/1.jpg", "labels/1.txt"),
        ("train/images/1.jpg", "train/labels/1.txt", "valid/images/1.jpg"),
        ("JPEGImages/1.jpg", "Annotations/1.xml"),
    ],
)
def test_data_for_detection_are_refused_by_name(tmp_path, names):
    with pytest.raises(DataError, match="this looks like data for detection or segmentation"):
        layout(tmp_path, *names)


def test_classes_without_an_image_are_said(tmp_path):
    _, notices = layout(tmp_path, "train/cat/1.png", "train/dog/", "train/cow/", "test/cat/1.png")
    assert notices == ["left_out: Folders of classes without an image: 2 (train/cow, train/dog)."]
