"""Folder listing: which files are images, and what is said about the others."""

import io
import os

import pytest
from PIL import Image

from stillroom.data.images.folder_listing import FolderReader
from stillroom.errors import DataError


def make(root, **files):
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def listed(root, follow_links=False):
    """Return the names of the images of the folder `cat`, and the notices."""
    reader = FolderReader(root, follow_links)
    folders = {folder.part: folder for folder in reader.root().folders}
    texts = [f"{notice.kind}: {notice.text}" for notice in reader.notices()]
    return list(folders["cat"].images), texts


def jpeg():
    stream = io.BytesIO()
    Image.new("L", (2, 2)).save(stream, "JPEG")
    return stream.getvalue()


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


@pytest.mark.parametrize(
    "name",
    "1.jfif 1.jpe 1.JPG 1.Tif 1.dib 1.pnm 1.pbm 1.apng 1.avif 1.webp 1.pgm 1.jpeg".split(),  # noqa: SIM905
)
def test_suffixes_of_images_count_in_any_case(tmp_path, name):
    touch(tmp_path, f"cat/{name}")
    assert listed(tmp_path) == ([name], [])


@pytest.mark.parametrize(
    "name", ["cat/._1.png", "cat/.DS_Store", "cat/Thumbs.db", "cat/desktop.ini", "cat/.hidden.png"]
)
def test_files_of_other_programs_are_skipped_and_counted(tmp_path, name):
    touch(tmp_path, "cat/1.png", name)
    images, texts = listed(tmp_path)
    assert images == ["1.png"]
    assert texts == [f"left_out: Hidden, or left by other programs: 1 file or folder ({name})."]


@pytest.mark.parametrize(
    "name", ["@eaDir", "__MACOSX", ".ipynb_checkpoints", "__pycache__", "#recycle", ".git"]
)
def test_folders_of_other_programs_are_skipped_at_every_level(tmp_path, name):
    touch(tmp_path, "cat/1.png", f"cat/{name}/1.png", f"{name}/cat/2.png")
    images, texts = listed(tmp_path)
    assert images == ["1.png"]
    assert len(texts) == 1
    assert "Hidden, or left by other programs: 2 files or folders" in texts[0]


def test_other_files_are_counted_by_suffix(tmp_path):
    touch(tmp_path, "cat/1.png", "cat/a.txt", "cat/b.TXT", "cat/c.heic", "notes", "cat/d.svg")
    assert listed(tmp_path)[1] == [
        "left_out: Not read as images: 1 file without a suffix (notes).",
        "left_out: Not read as images: 1 .heic file (cat/c.heic). Pillow cannot read HEIC; convert "
        "them to JPEG.",
        "left_out: Not read as images: 1 .svg file (cat/d.svg). SVG holds no pixels; convert them "
        "to PNG.",
        "left_out: Not read as images: 2 .txt files (cat/a.txt, cat/b.TXT).",
    ]


@pytest.mark.parametrize("name", ["photo", "1.jpg_large", "1.jpg!d", "1.bin", "1.0"])
def test_an_image_with_another_name_is_read_and_that_is_said(tmp_path, name):
    make(tmp_path, **{f"cat__{name}": jpeg()})
    images, texts = listed(tmp_path)
    assert images == [name]
    assert texts == [
        f"guessed: Read as images by their content, not by their names: 1 file (cat/{name})."
    ]


def test_a_photo_in_a_raw_format_is_not_read_as_its_preview(tmp_path):
    make(tmp_path, cat__1=b"II*\0\x08\0\0\0CR\x02\0", **{"cat__2.png": b"x"})
    assert listed(tmp_path)[0] == ["2.png"]


def test_a_pipe_is_left_out_and_not_waited_for(tmp_path):
    touch(tmp_path, "cat/1.png")
    os.mkfifo(tmp_path / "cat/2.png")
    images, texts = listed(tmp_path)
    assert images == ["1.png"]
    assert texts == ["left_out: Pipes, sockets or devices: 1 (cat/2.png)."]


def test_a_link_out_of_the_folder_is_refused_unless_it_is_allowed(tmp_path):
    touch(tmp_path, "outside/1.png", "data/cat/2.png")
    (tmp_path / "data/cat/1.png").symlink_to(tmp_path / "outside/1.png")
    with pytest.raises(DataError, match=r"cat/1\.png is a link that leads out.*data\.follow_links"):
        listed(tmp_path / "data")
    assert listed(tmp_path / "data", follow_links=True)[0] == ["1.png", "2.png"]


def test_a_link_within_the_folder_is_read(tmp_path):
    touch(tmp_path, "cat/2.png")
    (tmp_path / "cat/1.png").symlink_to("2.png")
    assert listed(tmp_path)[0] == ["1.png", "2.png"]


@pytest.mark.parametrize("target", [".", "..", "../dog"])
def test_a_link_back_into_the_folder_is_refused(tmp_path, target):
    touch(tmp_path, "cat/2.png", "dog/1.png")
    (tmp_path / "cat/again").symlink_to(target)
    with pytest.raises(DataError, match="is read twice, since a link leads to it"):
        listed(tmp_path)


def test_folders_nested_too_deep_are_refused(tmp_path):
    touch(tmp_path, "/".join(["a"] * 20) + "/1.png")
    with pytest.raises(DataError, match="lies 17 folders deep"):
        FolderReader(tmp_path, False).root()


def test_a_name_that_is_not_utf_8_is_refused(tmp_path):
    touch(tmp_path, "cat/1.png")
    (tmp_path / "cat" / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    with pytest.raises(DataError, match=r"^cat holds a name that is not UTF-8: '.udcff\.png'"):
        listed(tmp_path)
