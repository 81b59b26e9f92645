"""Image columns: paths relative to the folder of the table, and none out of it; bytes."""

import base64
import hashlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from support.examples.data_config import a_data
from support.examples.image_bytes import file_bytes

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
    with pytest.raises(DataError, match=r"t\.csv row 0 .* leads out of the folder"):
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
    with pytest.raises(DataError, match=r"t\.csv row 0 \(1\.png\): 1\.png does not exist"):
        read_table(data(image="file"), tmp_path)


def png(*pixels):
    return file_bytes(Image.fromarray(np.array([pixels], np.uint8)), "PNG")


def hub_table(root, images, name="t.parquet", dtype=None):
    """Write a table as the Hub's library writes images."""
    dtype = dtype or pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    labels = [f"c{row % 2}" for row in range(len(images))]
    pq.write_table(pa.table({"image": pa.array(images, dtype), "label": labels}), root / name)


def contents(root, path="t.parquet", **changes):
    return read_table(a_data(path=path, columns={"image": "image"}, **changes), root)


def test_images_of_the_hub_are_read_from_their_bytes(tmp_path):
    hub_table(tmp_path, [{"bytes": png(5, 6), "path": "gone.png"}, {"bytes": png(7, 8)}])
    raw = contents(tmp_path)
    assert (raw.shape, raw.frame["content"].to_list()) == ((1, 2, 1), [b"\x05\x06", b"\x07\x08"])
    assert list(raw.files) == ["t.parquet"]


def test_images_of_the_hub_without_bytes_are_read_from_their_path(tmp_path):
    content = png(1, 2)
    (tmp_path / "a.png").write_bytes(content)
    hub_table(tmp_path, [{"bytes": None, "path": "a.png"}, {"bytes": png(7, 8), "path": "b.png"}])
    raw = contents(tmp_path)
    assert raw.frame["content"].to_list() == [b"\x01\x02", b"\x07\x08"]
    digest = hashlib.sha256(content).hexdigest()
    listing = hashlib.sha256(f'{{"a.png":"{digest}"}}'.encode()).hexdigest()
    assert raw.files["t.parquet (images)"] == listing


@pytest.mark.parametrize(
    "dtype", [pa.binary(), pa.large_binary(), pa.struct([("bytes", pa.binary())])]
)
def test_columns_of_bytes_are_read(tmp_path, dtype):
    images = [png(5), png(6)]
    wrapped = images if not pa.types.is_struct(dtype) else [{"bytes": one} for one in images]
    hub_table(tmp_path, wrapped, dtype=dtype)
    assert contents(tmp_path).frame["content"].to_list() == [b"\x05", b"\x06"]


def test_grey_in_one_table_and_colour_in_another_become_colour(tmp_path):
    hub_table(tmp_path, [{"bytes": png(5)}], "train.parquet")
    colour = file_bytes(Image.new("RGB", (1, 1), (1, 2, 3)), "PNG")
    hub_table(tmp_path, [{"bytes": colour}], "test.parquet")
    raw = contents(tmp_path, ".")
    assert raw.frame.sort("split")["content"].to_list() == [b"\x01\x02\x03", b"\x05\x05\x05"]
    assert "Converted from greyscale to colour" in raw.notices[0].text


@pytest.mark.parametrize("hostile", ["../a.png", "/etc/hostname"])
def test_a_path_of_the_hub_leads_nowhere_else(tmp_path, hostile):
    hub_table(tmp_path, [{"bytes": None, "path": hostile}])
    with pytest.raises(DataError, match="leads out of the folder of the table"):
        contents(tmp_path)


def test_a_row_without_an_image_is_refused(tmp_path):
    hub_table(tmp_path, [{"bytes": png(1)}, None])
    with pytest.raises(DataError, match=r"^t\.parquet row 1 holds no image"):
        contents(tmp_path)


def test_arrays_of_pixels_are_refused_with_a_way_out(tmp_path):
    hub_table(tmp_path, [[[1, 2]], [[3, 4]]], dtype=pa.list_(pa.list_(pa.uint8())))
    with pytest.raises(DataError, match=r"column image is List.*Write arrays of pixels into image"):
        contents(tmp_path)


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_base64_is_refused_with_a_way_out(tmp_path, prefix):
    content = file_bytes(Image.effect_noise((20, 20), 50), "PNG")
    row = {"image": prefix + base64.b64encode(content).decode(), "label": "x"}
    (tmp_path / "t.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match=r"^t\.jsonl row 0 holds an image as base64.*Parquet"):
        contents(tmp_path, "t.jsonl")


@pytest.mark.parametrize("address", ["https://a.example/1.png", "s3://bucket/1.png", "file:///a"])
def test_nothing_is_downloaded(tmp_path, address):
    (tmp_path / "t.jsonl").write_text(json.dumps({"image": address, "label": "x"}) + "\n")
    with pytest.raises(DataError, match="is the address of an image; nothing is downloaded"):
        contents(tmp_path, "t.jsonl")


def test_an_unreadable_row_is_left_out_and_the_others_keep_their_numbers(tmp_path):
    hub_table(tmp_path, [{"bytes": png(1)}, {"bytes": b"no image"}, {"bytes": png(3)}])
    with pytest.raises(DataError, match=r"^t\.parquet row 1 is not a readable image"):
        contents(tmp_path)
    raw = contents(tmp_path, image={"unreadable": "skip"})
    columns = ("content", "label", "row", "origin")
    assert raw.frame.select(columns).rows() == [
        (b"\x01", "c0", 0, "t.parquet row 0"),
        (b"\x03", "c0", 2, "t.parquet row 2"),
    ]


def test_a_link_out_of_the_folder_is_followed_if_it_is_allowed(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "1.png").write_bytes(png(4))
    (tmp_path / "sub/link.png").symlink_to(tmp_path / "1.png")
    (tmp_path / "sub/t.csv").write_text("image,label\nlink.png,x\n")
    with pytest.raises(DataError, match=r"^t\.csv row 0 .* leads out.*data\.follow_links=true"):
        contents(tmp_path, "sub/t.csv")
    raw = contents(tmp_path, "sub/t.csv", follow_links=True)
    assert raw.frame["content"].to_list() == [b"\x04"]


def test_a_table_of_the_hubs_cache_reads_its_images_from_the_blobs(tmp_path):
    repository = tmp_path / "datasets--acme--cats"
    (repository / "blobs").mkdir(parents=True)
    (repository / "snapshots/0a1b").mkdir(parents=True)
    (repository / "blobs/77").write_bytes(png(4))
    (repository / "snapshots/0a1b/1.png").symlink_to("../../blobs/77")
    (repository / "snapshots/0a1b/t.csv").write_text("image,label\n1.png,x\n")
    raw = contents(tmp_path, "datasets--acme--cats/snapshots/0a1b/t.csv")
    assert raw.frame["content"].to_list() == [b"\x04"]
