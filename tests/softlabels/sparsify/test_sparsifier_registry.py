"""The table of sparsifiers: each loads as its own kind, without the packages that capture needs."""

import subprocess
import sys

import pytest

from stillroom.errors import ConfigError
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.sparsify.sparsifier_registry import REGISTRY

NAMES = ["full", "topk", "threshold", "threshold_fixed", "sample"]
HEAVY = ("torch", "numpy", "pyarrow", "polars")


def test_the_built_in_kinds_load_under_their_own_names() -> None:
    assert list(REGISTRY.builtin) == NAMES
    for name in NAMES:
        kind = REGISTRY.load(name)
        assert issubclass(kind, Sparsifier)
        assert kind.kind == name  # type: ignore[comparison-overlap]


def test_loading_every_kind_imports_no_package_of_arrays() -> None:
    code = (
        "import sys\n"
        "from stillroom.softlabels.sparsify.sparsifier_registry import REGISTRY\n"
        "kinds = [REGISTRY.load(name).options() for name in REGISTRY.builtin]\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_kind_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"treshold, which is not a sparsifier.*threshold"):
        REGISTRY.require("treshold", "softlabels.sparsifier")
