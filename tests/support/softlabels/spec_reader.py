"""A reader of soft-label sets that was written only from docs/soft-labels.md.

It imports nothing from Stillroom, only numpy, pyarrow and polars.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

Name = tuple[bytes, int, int]


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest after a check of its checksum."""
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    if manifest["format"] not in [f"stillroom-soft-labels/{number}" for number in (3, 4, 5)]:
        raise ValueError(f"unknown format {manifest['format']}")
    if manifest["codec"] != "coordinates-1":
        raise ValueError(f"unknown codec {manifest['codec']}")
    if canonical_hash(manifest | {"checksum": ""}) != manifest["checksum"]:
        raise ValueError("the manifest is damaged")
    captures = [capture_fingerprint(member["capture"]) for member in manifest["members"]]
    ingredients = {
        "captures": captures,
        "combination": manifest["combination"],
        "codec": manifest["codec"],
    }
    if canonical_hash(ingredients) != manifest["fingerprint"]:
        raise ValueError("the fingerprint is not that of the captures")
    return manifest


def canonical_hash(value: object) -> str:
    """Return the SHA-256 of canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def capture_fingerprint(capture: dict[str, Any]) -> str:
    """Return the fingerprint of a capture, in which `samples` is hashed as `draws`."""
    flat = {name: value for name, value in capture.items() if name != "sparsifier"}
    for name, value in capture["sparsifier"].items():
        flat[f"sparsifier.{'draws' if name == 'samples' else name}"] = value
    return canonical_hash(flat)


def read_rows(folder: Path, manifest: dict[str, Any], member: int) -> pl.DataFrame:
    """Return all rows of a member; each shard's bytes are hashed before they are parsed."""
    entry = manifest["members"][member]
    teacher = capture_fingerprint(entry["capture"])[:16]
    frames = []
    for shard in entry["shards"]:
        content = (folder / "shards" / f"{shard['sha256'][:32]}.parquet").read_bytes()
        if len(content) != shard["bytes"] or hashlib.sha256(content).hexdigest() != shard["sha256"]:
            raise ValueError(f"shard {shard['sha256']} is damaged")
        frame = pl.DataFrame(pl.from_arrow(pq.read_table(pa.BufferReader(content))))
        if len(frame) != shard["rows"] or set(frame["teacher"]) != {teacher}:
            raise ValueError(f"shard {shard['sha256']} holds other rows")
        frames.append(frame)
    return pl.concat(frames)


def distributions(folder: Path, names: Sequence[Name], temperature: float) -> np.ndarray[Any, Any]:
    """Return the ensemble's weights [positions of all rows, classes], rows in the order given."""
    manifest = read_manifest(folder)
    shares, mean = manifest["combination"]["shares"], manifest["combination"]["mean"]
    members = [
        _member(folder, manifest, member, names, temperature) for member in range(len(shares))
    ]
    if len(members) == 1:
        return members[0]
    if mean == "probability":
        return np.asarray(sum(share * p for share, p in zip(shares, members, strict=True)))
    with np.errstate(divide="ignore"):
        logs = sum(share * np.log(p) for share, p in zip(shares, members, strict=True))
    product = np.exp(logs)
    return np.asarray(product / product.sum(axis=1, keepdims=True))


def features(folder: Path, names: Sequence[Name]) -> np.ndarray[Any, Any]:
    """Return the members' features side by side, [rows, D]."""
    manifest = read_manifest(folder)
    columns = []
    for number, member in enumerate(manifest["members"]):
        if member["capture"]["features"] != "pooled":
            raise ValueError("the set has no features")
        rows = _by_name(read_rows(folder, manifest, number))
        columns.append(np.array([rows[name]["features"] for name in names], dtype=np.float32))
    return np.concatenate(columns, axis=1)


def _by_name(frame: pl.DataFrame) -> dict[Name, dict[str, Any]]:
    return {(row["example_id"], row["view"], row["draw"]): row for row in frame.to_dicts()}


def _member(
    folder: Path, manifest: dict[str, Any], member: int, names: Sequence[Name], temperature: float
) -> np.ndarray[Any, Any]:
    sparsifier = manifest["members"][member]["capture"]["sparsifier"]
    rows = _by_name(read_rows(folder, manifest, member))
    classes = manifest["classes"]
    return np.concatenate([_row(rows[name], sparsifier, classes, temperature) for name in names])


def _row(
    row: dict[str, Any], sparsifier: dict[str, Any], classes: int, temperature: float
) -> np.ndarray[Any, Any]:
    """Return the weights [positions, classes] of one row."""
    if sparsifier["kind"] == "full":
        scaled = np.array(row["logits"], np.float64).reshape(-1, classes) / temperature
        p = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return np.asarray(p / p.sum(axis=1, keepdims=True))
    count = len(row["entropy"])
    positions, ids = np.array(row["positions"], int), np.array(row["ids"], int)
    weights = _entry_weights(row, sparsifier, positions, count, temperature)
    dense = np.zeros((count, classes))
    dense[positions, ids] = weights
    return dense


def _entry_weights(
    row: dict[str, Any],
    sparsifier: dict[str, Any],
    positions: np.ndarray[Any, Any],
    count: int,
    temperature: float,
) -> np.ndarray[Any, Any]:
    kind = sparsifier["kind"]
    if kind == "topk":
        captured = sparsifier["temperatures"]
        log_z = np.array(row["log_z"], np.float64).reshape(count, len(captured))
        at = log_z[positions, captured.index(temperature)]
        return np.asarray(np.exp(np.array(row["logits"], np.float64) / temperature - at))
    if temperature != sparsifier["temperature"]:
        raise ValueError(f"captured at temperature {sparsifier['temperature']} alone")
    if kind == "sample":
        total = sparsifier["samples"] if "samples" in sparsifier else sparsifier["draws"]
        return np.array(row["times"], np.float64) / total
    if kind == "threshold":
        root = np.array(row["root_p"], np.float64)
        return np.where(root > 0, (root / 255) ** 2, sparsifier["tau"])
    p = np.array(row["p"], np.float64)
    rest = 1 - np.bincount(positions, p, count)
    tails = np.bincount(positions, p == 0, count)
    share = np.maximum(rest, 0) / np.maximum(tails, 1)
    return np.where(p > 0, p, share[positions])
