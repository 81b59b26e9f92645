"""MNIST's idx files in, tables of features in parts out, for benchmarks that need a growing set."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.softlabels.gemma import MissingError

FEATURES = 49


def digits(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the 60,000 training images [N, 784] as uint8, and their labels.

    Raises:
        MissingError: the files are not below `data`.
    """
    folder = data / "mnist"
    if not (folder / "train-images-idx3-ubyte.gz").is_file():
        raise MissingError(f"{folder} has no MNIST. Run `make bench DATA=<folder with MNIST>`.")
    images = gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((folder / "train-labels-idx1-ubyte.gz").read_bytes())[8:]
    return np.frombuffer(images, np.uint8).reshape(-1, 784), np.frombuffer(labels, np.uint8)


def table_parameters(teacher: dict[str, object]) -> dict[str, Any]:
    """Return the parameters for a table of these features and a perceptron as teacher."""
    return {
        "groups": {"data": "table", "teacher": "mlp_ensemble", "student": "mlp"},
        "data": {
            "path": "data/01_raw",
            "columns": {"features": [f"f{at}" for at in range(FEATURES)]},
        },
        "teacher": {"path": "data/03_teachers/given", **teacher},
        "student": {"epochs": 1},
        "students": ["default"],
    }


def write_part(folder: Path, name: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Write one file of the source `table`: a label and a feature per block of 4 x 4 pixels."""
    blocks = images.reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, FEATURES)
    columns = {f"f{at}": blocks[:, at].astype(np.float64) for at in range(FEATURES)}
    frame = pl.DataFrame({"label": [str(label) for label in labels], **columns})
    folder.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(folder / f"{name}.parquet")
