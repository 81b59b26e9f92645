"""A data source from a package of the tests' own, from the parameters to examples on disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter
from support.plug_in.install import install, installed

from stillroom.config.compose import compose
from stillroom.config.schema import Data
from stillroom.data.encoders import read_encoder
from stillroom.errors import ConfigError, DataError
from stillroom.io.files.hashing import sha256_file
from stillroom.io.tables import TableFile
from stillroom.pipelines.ingest.nodes import ingest_examples

CHOICE = {"groups": {"data": "arrays"}}
DRAWS = np.random.default_rng(0)
IMAGES = DRAWS.integers(0, 256, (60, 4, 5), dtype=np.uint8)
LABELS = np.arange(60) % 3


@pytest.fixture
def here(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The project as the working directory, with a file of arrays; the package is installed."""
    monkeypatch.chdir(project)
    np.savez(project / "data/01_raw/a.npz", images=IMAGES, kind=LABELS)
    with installed(install(tmp_path_factory.mktemp("site"))):
        yield project


def section(project: Path, **data: Any) -> Data:
    runtime = CHOICE | {"data": {"path": "data/01_raw/a.npz", "labels": "kind"} | data}
    return TypeAdapter(Data).validate_python(compose(project, runtime)["data"])


def test_its_arrays_become_examples(here: Path) -> None:
    folder, encoder, report = ingest_examples(section(here))
    rows = TableFile(folder).read().sort("row")
    assert rows["image"].to_list() == [image.tobytes() for image in IMAGES]
    assert rows["label"].to_list() == LABELS.tolist()
    fitted = read_encoder(encoder)
    assert (fitted.shape, fitted.classes) == ((1, 4, 5), ("0", "1", "2"))
    assert (report["source"], report["path"]) == ("arrays", "data/01_raw/a.npz")
    assert report["files"] == {"a.npz": sha256_file(here / "data/01_raw/a.npz")}
    assert report["rows_read"] == {"a.npz": 60}


def test_a_missing_array_is_named(here: Path) -> None:
    with pytest.raises(DataError, match=r"a\.npz has no array pixels"):
        ingest_examples(section(here, images="pixels"))


def test_its_options_and_what_it_gives_are_checked_before_anything_runs(here: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.images is 3; it must be a text"):
        section(here, images=3)
    with pytest.raises(ConfigError, match=r"data\.imagse is not a parameter\. .*data\.images"):
        section(here, imagse="x")
    with pytest.raises(ConfigError, match=r"data\.images is not a parameter"):
        compose(here, {"groups": {"data": "idx"}, "data": {"images": "x"}})
    tokens = {"groups": CHOICE["groups"] | {"student": "causal_lm"}}
    with pytest.raises(ConfigError, match=r"student\.architecture is transformer, but .* images"):
        compose(here, tokens)


def test_without_the_package_there_is_no_such_source(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.source is arrays, which is not a data source"):
        compose(project, {"data": {"source": "arrays"}})
