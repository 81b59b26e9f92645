"""Image columns: paths relative to the folder of the table, and none out of it."""

import numpy as np
import pytest
from PIL import Image
from support.examples.data_config import a_data

from stillroom.data.sources.table import read_table
from stillroom.errors import DataError


def data(path="t.csv", **columns):
    return a_data(path=path, columns=columns)


def test_image_paths_start_from_the_folder_of_the_table(tmp_path):
    (tmp_path / "sub/pictures").mkdir(parents=True)
    Image.fromarray(np.array([[5, 6]], np.uint8)).save(tmp_path / "sub/pictures/1.png")
    (tmp_path / "sub/t.csv").write_text("file,label\npictures/1.png,x\n")
    raw = read_table(data(path="sub/t.csv", image="file"), tmp_path)
    assert (raw.shape, raw.frame["content"].to_list()) == ((1, 2, 1), [b"\x05\x06"])
    assert list(raw.files) == ["t.csv", "t.csv (images)"]


@pytest.mark.parametrize("hostile", ["../secret.png", "/etc/passwd", "a/../../secret.png", "link"])
def test_an_image_path_that_leads_out_of_the_folder_is_refused(tmp_path, hostile):
    (tmp_path / "sub").mkdir()
    Image.new("L", (1, 1)).save(tmp_path / "secret.png")
    (tmp_path / "sub/link").symlink_to(tmp_path / "secret.png")
    (tmp_path / "sub/t.csv").write_text(f"file,label\n{hostile},x\n")
    with pytest.raises(DataError, match=r"t\.csv row 0 .* leads out of the folder of the table"):
        read_table(data(path="sub/t.csv", image="file"), tmp_path)


def test_an_absolute_image_path_is_refused_even_inside_the_folder(tmp_path):
    Image.new("L", (1, 1)).save(tmp_path / "1.png")
    (tmp_path / "t.csv").write_text(f"file,label\n{tmp_path / '1.png'},x\n")
    with pytest.raises(DataError, match="leads out of the folder of the table"):
        read_table(data(image="file"), tmp_path)


def test_an_image_path_with_a_null_byte_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("file,label\na\0b,x\n")
    with pytest.raises(DataError, match=r"t\.csv line 2 holds a NUL"):
        read_table(data(image="file"), tmp_path)


def test_a_missing_image_is_refused_with_file_and_row(tmp_path):
    (tmp_path / "t.csv").write_text("file,label\n1.png,x\n")
    with pytest.raises(DataError, match=r"t\.csv row 0 \(1\.png\): the image does not exist"):
        read_table(data(image="file"), tmp_path)
