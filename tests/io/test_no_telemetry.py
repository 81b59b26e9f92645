"""No telemetry: the switches are set before the packages are imported, and home stays empty."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stillroom.io.no_telemetry import CACHES, SWITCHES, silence

ROOT = Path(__file__).resolve().parents[2]


def test_the_switches_win_over_the_shell_and_cache_folders_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*SWITCHES, *CACHES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    monkeypatch.setenv("MPLCONFIGDIR", "/chosen")
    silence()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
    assert "TRITON_CACHE_DIR" not in os.environ
    silence(tmp_path)
    assert os.environ["MPLCONFIGDIR"] == "/chosen"
    assert os.environ["TRITON_CACHE_DIR"] == str(tmp_path / ".stillroom/cache/triton")
    for name in (*SWITCHES, *CACHES):  # monkeypatch restores what it saw
        monkeypatch.setenv(name, os.environ[name])


def test_one_module_imports_onnx_runtime() -> None:
    importing = []
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if any(name.partition(".")[0] == "onnxruntime" for name in names):
                importing.append(path.name)
    assert importing == ["no_telemetry.py"]


def test_onnx_runtime_leaves_the_home_folder_empty(tmp_path: Path) -> None:
    code = (
        "from stillroom.io.no_telemetry import onnx_runtime\n"
        "from onnx import TensorProto, helper\n"
        "io = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in 'xy']\n"
        "graph = helper.make_graph([helper.make_node('Neg', ['x'], ['y'])], 'g', io[:1], io[1:])\n"
        "opsets = [helper.make_opsetid('', 17)]\n"
        "model = helper.make_model(graph, opset_imports=opsets, ir_version=8)\n"
        "session = onnx_runtime().InferenceSession(model.SerializeToString(),"
        " providers=['CPUExecutionProvider'])\n"
        "import numpy\n"
        "print(session.run(None, {'x': numpy.ones(1, 'float32')})[0])\n"
    )
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    environment = {name: text for name, text in os.environ.items() if name not in SWITCHES}
    environment |= {"HOME": str(home), "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT / "src")}
    environment.pop("XDG_CACHE_HOME", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[-1.]\n"
    assert list(home.iterdir()) == []
    assert list(temporary.iterdir()) == []
