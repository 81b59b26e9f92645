"""The front door of objectives: what it imports, and what it says without torch."""

import subprocess
import sys
from pathlib import Path

import pytest

from stillroom import objectives

FOLDER = Path(objectives.__file__).parent


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_import_defers_torch_and_no_loss_imports_kedro_or_hydra() -> None:
    ended = python(
        "import sys\nfrom stillroom import objectives\nprint('torch' in sys.modules)\n"
        "assert all(getattr(objectives, name) for name in objectives.__all__)\n"
        "project = {'kedro', 'hydra', 'omegaconf', 'dvc', 'lightning', 'pandas'}\n"
        "print(*(project & set(sys.modules)))\n"
    )
    assert ended.stderr == ""
    assert ended.stdout.split() == ["False"]


def test_without_torch_one_line_says_what_to_install() -> None:
    ended = python(
        "import importlib.util as util\nfind = util.find_spec\n"
        "util.find_spec = lambda name: None if name == 'torch' else find(name)\n"
        "try:\n    from stillroom import objectives\n"
        "except ImportError as error:\n    print(error)\n"
    )
    assert ended.stdout == (
        "stillroom.objectives needs torch, which is not installed. "
        "Run: pip install 'stillroom[project]'\n"
    ), ended.stderr


def test_no_name_is_that_of_a_module_which_would_stand_in_its_place() -> None:
    modules = {path.stem for path in FOLDER.iterdir()}
    assert set(objectives.__all__) & modules == set()


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'forward_lk'"):
        _ = objectives.forward_lk
