"""Memory, measured in a real process."""

import sys
from pathlib import Path

import numpy as np
import pytest

from stillroom.errors import DataError, ModelError
from stillroom.evaluation.cost import memory_process
from stillroom.evaluation.cost.memory_process import Memory, memory_of

INPUTS = np.arange(6, dtype=np.int32).reshape(3, 2)

WORKER = """
import json, sys
from pathlib import Path
import numpy as np
import stillroom

answer, given, result = sys.argv[1:]
inputs = np.load(given, allow_pickle=False)
assert inputs.tolist() == [[0, 1]] and inputs.dtype == np.int32, inputs
assert Path(stillroom.__file__).parents[1] == Path(answer), stillroom.__file__
Path(result).write_text(json.dumps({"loaded_bytes": 3, "peak_bytes": 5}))
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "measures.py").write_text(WORKER)
    (tmp_path / "fails.py").write_text("import sys; sys.exit(7)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "measures"


def test_the_first_input_goes_to_a_process_of_this_code_and_its_answer_comes_back(
    module: str,
) -> None:
    source = Path(memory_process.__file__).parents[3]
    assert memory_of(module, [str(source)], INPUTS) == Memory(3, 5)


def test_a_process_that_fails_is_named_with_its_code(module: str) -> None:
    with pytest.raises(ModelError, match="fails ended with code 7"):
        memory_of("fails", [], INPUTS)


def test_activations_are_what_the_weights_are_not() -> None:
    assert Memory(loaded_bytes=40, peak_bytes=75).activation_bytes == 35


def test_no_input_is_refused_before_a_process_is_started() -> None:
    with pytest.raises(DataError, match="at least one is needed"):
        memory_of("nowhere", [], INPUTS[:0])


def test_parsing_costs_no_torch() -> None:
    import subprocess

    code = "import sys, stillroom.evaluation.cost.memory_process; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
