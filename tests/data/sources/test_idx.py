"""Idx files: read to the byte; refused if anything is wrong."""

import gzip
import struct
import tracemalloc
from pathlib import Path

import pytest
from support.examples.data_config import a_data
from support.examples.table_request import limits

from stillroom.data.files.input_file import open_input
from stillroom.data.sources.idx import read_idx, read_idx_file
from stillroom.errors import DataError

MNIST = Path(__file__).parents[4] / "shared" / "data" / "mnist"
IMAGES, LABELS = 2051, 2049
DATA = a_data(source="idx", path=".")


def read_file(path):
    with open_input(path, path.name, limits()) as file:
        return read_idx_file(file, IMAGES, limits())


def images(count=2, height=2, width=3, content=None, magic=IMAGES):
    pixels = bytes(range(count * height * width)) if content is None else content
    return struct.pack(">4I", magic, count, height, width) + pixels


def labels(*digits, magic=LABELS):
    return struct.pack(">2I", magic, len(digits)) + bytes(digits)


def write_pair(folder, prefix="train", first=None, second=None, suffix=""):
    pack = gzip.compress if suffix else bytes
    first = images() if first is None else first
    second = labels(7, 3) if second is None else second
    (folder / f"{prefix}-images-idx3-ubyte{suffix}").write_bytes(pack(first))
    (folder / f"{prefix}-labels-idx1-ubyte{suffix}").write_bytes(pack(second))


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_train_pair_alone_brings_no_split(tmp_path, suffix):
    write_pair(tmp_path, suffix=suffix)
    raw = read_idx(DATA, tmp_path)
    assert (raw.kind, raw.shape) == ("image", (2, 3, 1))
    name = f"train-images-idx3-ubyte{suffix}"
    assert raw.frame.select("content", "label", "split", "part", "row").rows() == [
        (b"\x00\x01\x02\x03\x04\x05", "7", None, name, 0),
        (b"\x06\x07\x08\x09\x0a\x0b", "3", None, name, 1),
    ]


def test_both_pairs_bring_their_splits(tmp_path):
    write_pair(tmp_path)
    write_pair(tmp_path, "t10k", images(count=1), labels(1), suffix=".gz")
    raw = read_idx(DATA, tmp_path)
    assert raw.frame["split"].to_list() == ["train", "train", "test"]
    assert sorted(raw.files) == [
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
    ]


def test_the_plain_file_is_read_where_both_are_there(tmp_path):
    write_pair(tmp_path)
    write_pair(tmp_path, first=b"damaged", second=b"damaged", suffix=".gz")
    assert read_idx(DATA, tmp_path).frame.height == 2


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_every_truncation_is_refused_by_name(tmp_path, suffix):
    write_pair(tmp_path, suffix=suffix)
    path = tmp_path / f"train-images-idx3-ubyte{suffix}"
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=f"^{path.name} (is truncated|cannot be read)"):
            read_idx(DATA, tmp_path)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_file_one_byte_too_long_is_refused(tmp_path, suffix):
    write_pair(tmp_path, first=images() + b"\0", suffix=suffix)
    with pytest.raises(DataError, match="is longer than the 12 bytes of its header"):
        read_idx(DATA, tmp_path)


def test_a_wrong_magic_number_is_refused(tmp_path):
    write_pair(tmp_path, first=images(magic=LABELS))
    with pytest.raises(DataError, match="starts with the magic number 2049, not 2051"):
        read_idx(DATA, tmp_path)


def test_counts_that_differ_are_refused(tmp_path):
    write_pair(tmp_path, second=labels(7, 3, 1))
    with pytest.raises(
        DataError, match="holds 2 images, but train-labels-idx1-ubyte holds 3 labels"
    ):
        read_idx(DATA, tmp_path)


def test_images_without_pixels_are_refused(tmp_path):
    write_pair(tmp_path, first=images(height=0))
    with pytest.raises(DataError, match="images of 0x3 pixels"):
        read_idx(DATA, tmp_path)


def test_no_images_at_all_are_refused(tmp_path):
    write_pair(tmp_path, first=images(count=0), second=labels())
    with pytest.raises(DataError, match="holds no rows"):
        read_idx(DATA, tmp_path)


def test_pairs_of_two_sizes_are_refused(tmp_path):
    write_pair(tmp_path)
    write_pair(tmp_path, "t10k", images(height=3, width=2))
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte row 0 is 3x2x1, but train"):
        read_idx(DATA, tmp_path)


@pytest.mark.parametrize("missing", ["images-idx3-ubyte", "labels-idx1-ubyte"])
@pytest.mark.parametrize("prefix", ["train", "t10k"])
def test_half_a_pair_is_refused(tmp_path, prefix, missing):
    write_pair(tmp_path)
    write_pair(tmp_path, "t10k")
    (tmp_path / f"{prefix}-{missing}").unlink()
    with pytest.raises(DataError, match=rf"{prefix}-{missing}\[\.gz\] is missing in data\.path"):
        read_idx(DATA, tmp_path)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"data\.path \. is not a folder"):
        read_idx(DATA, tmp_path / "nowhere")


def test_a_header_that_promises_terabytes_is_refused(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(struct.pack(">4I", IMAGES, 2**32 - 1, 2**32 - 1, 2**32 - 1))
    with pytest.raises(DataError, match="at most 67108864 are allowed"):
        read_file(path)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_header_that_promises_4_gib_over_nothing_allocates_little(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    header = struct.pack(">4I", IMAGES, 2**16, 2**8, 2**8)
    path.write_bytes(gzip.compress(header, mtime=0) if suffix else header)
    tracemalloc.start()
    with pytest.raises(DataError, match="promises 4294967296 bytes, but at most 67108864"):
        read_file(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * 2**20


def test_a_gzip_bomb_is_unpacked_no_further_than_its_header_promises(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(images() + bytes(100 * 2**20)))
    tracemalloc.start()
    with pytest.raises(DataError, match="longer than the 12 bytes"):
        read_file(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * 2**20


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
def test_a_link_out_of_the_folder_is_refused_unless_links_are_followed(tmp_path, name):
    (tmp_path / "data").mkdir()
    write_pair(tmp_path / "data")
    (tmp_path / "data" / name).rename(tmp_path / name)
    (tmp_path / "data" / name).symlink_to(tmp_path / name)
    with pytest.raises(DataError, match=f"{name} is a link that leads out of the folder"):
        read_idx(DATA, tmp_path / "data")
    followed = a_data(source="idx", path=".", follow_links=True)
    assert read_idx(followed, tmp_path / "data").frame.height == 2


def test_a_packed_file_that_promises_far_more_than_it_holds_is_refused(tmp_path):
    bomb = images(count=600, height=1000, width=1000, content=b"")
    write_pair(tmp_path, first=bomb, suffix=".gz")
    with pytest.raises(DataError, match=r"promises 600000000 bytes, but at most 67108864"):
        read_idx(DATA, tmp_path)


@pytest.mark.skipif(not MNIST.is_dir(), reason=f"MNIST is not at {MNIST}")
def test_mnist_has_its_published_counts():
    raw = read_idx(DATA, MNIST)
    counts = raw.frame.group_by("split", "label").len().sort("split", "label")["len"].to_list()
    # LeCun's files: digits 0 to 9 of the test set, then of the training set.
    assert counts == [
        *(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
        *(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    ]
