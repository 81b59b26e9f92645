"""Fuzz targets: what writes a sound file, and what reads a damaged one as the stages do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from support.examples.data_config import a_data
from support.hostile.fuzzing.mutations import mutated_bytes, mutated_json

SET = "made"


@dataclass(frozen=True, kw_only=True)
class Target:
    """One format.

    Attributes:
        write: writes a sound folder, and returns the file in it that is damaged.
        read: reads the folder; a StillroomError is a right answer.
        mutate: damages the content of the file.
    """

    write: Callable[[Path], Path]
    read: Callable[[Path], object]
    mutate: Callable[[bytes, Random], bytes]


def _write_parquet(folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from support.hostile.doors.tables import COLUMNS

    path = folder / "t.parquet"
    pq.write_table(pa.table(COLUMNS), path, write_page_checksum=True, compression="zstd")
    return path


def _read_parquet(folder: Path) -> object:
    from stillroom.data.tables.table_files import read_columns
    from stillroom.data.tables.table_request import TableRequest

    request = TableRequest(part="t.parquet", wanted=("text", "label"), limits=a_data().limits)
    return read_columns(folder / "t.parquet", request)


def _write_model(folder: Path) -> Path:
    _copy_causal(folder)
    return folder / "model.safetensors"


def _mutate_header(content: bytes, draw: Random) -> bytes:
    """Damage the header of a safetensors file; its length stays right in half of the cases."""
    size = int.from_bytes(content[:8], "little")
    header = (mutated_json if draw.random() < 0.7 else mutated_bytes)(content[8 : 8 + size], draw)
    length = len(header) if draw.random() < 0.5 else size
    return length.to_bytes(8, "little") + header + content[8 + size :]


def _read_model(folder: Path) -> object:
    from stillroom.models.pretrained.model_directory import load_model, require_loadable

    require_loadable(folder)
    return load_model(folder)


def _write_gguf(folder: Path) -> Path:
    import shutil

    from support.hostile.tiny_models import gguf_template

    return Path(shutil.copy(gguf_template() / "m.gguf", folder))


def _mutate_head(content: bytes, draw: Random) -> bytes:
    """Damage the head of a file, where its counts, names and sizes stand."""
    return mutated_bytes(content[:9000], draw) + content[9000:]


def _read_gguf(folder: Path) -> object:
    from stillroom.data.text.model_tokenizer import read_model_tokenizer
    from stillroom.models.pretrained.gguf_weights import gguf_config

    read_model_tokenizer(folder / "m.gguf")
    return gguf_config(folder / "m.gguf")


def _write_tokenizer(folder: Path) -> Path:
    _copy_causal(folder)
    return folder / "tokenizer.json"


def _read_tokenizer(folder: Path) -> object:
    from stillroom.data.text.model_tokenizer import read_model_tokenizer

    tokenizer = read_model_tokenizer(folder)
    return (
        tokenizer.sha256,
        tokenizer.special_affixes(),
        tokenizer.encode(["The 3rd text.", "\u00e9"]),
    )


def _write_manifest(folder: Path) -> Path:
    from support.faults.set_reader import KIND
    from support.softlabels.linear_teachers import capture

    from stillroom.softlabels.format.manifest import MANIFEST

    return capture(folder / SET, 1, KIND).folder / MANIFEST


def _read_manifest(folder: Path) -> object:
    from support.faults.set_reader import read

    return read(folder / SET)


def _copy_causal(folder: Path) -> None:
    import shutil

    from support.hostile.tiny_models import causal_template

    shutil.copytree(causal_template(), folder, dirs_exist_ok=True)


TARGETS: Mapping[str, Target] = {
    "parquet": Target(write=_write_parquet, read=_read_parquet, mutate=mutated_bytes),
    "safetensors": Target(write=_write_model, read=_read_model, mutate=_mutate_header),
    "gguf": Target(write=_write_gguf, read=_read_gguf, mutate=_mutate_head),
    "tokenizer": Target(write=_write_tokenizer, read=_read_tokenizer, mutate=mutated_json),
    "manifest": Target(write=_write_manifest, read=_read_manifest, mutate=mutated_json),
}
