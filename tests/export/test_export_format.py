"""Several formats of one student: who failed is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic.dataclasses import dataclass
from support.examples import image_examples

from stillroom.errors import ConfigError, ModelError
from stillroom.export.export_format import ExportFormat, write_formats
from stillroom.export.parity import Parity
from stillroom.models.architecture_registry import build
from stillroom.models.shape import Shape


@dataclass(frozen=True)
class Failing(ExportFormat):
    """A format of another package, which fails in a way."""

    how: str = ""
    card = "A file."

    def write(self, model: Any, encoder: Any, inputs: Any, folder: Path) -> Parity:
        if self.how == "model":
            raise ModelError("A logit differs by 3. Raise tolerance.")
        if self.how:
            raise KeyError("first\n second")
        return Parity(0.5, len(inputs), 1.0)


def parities(folder: Path, **formats: ExportFormat) -> dict[str, Parity]:
    encoder = image_examples.ENCODER
    model = build("mlp", {"hidden": [8]}, Shape.of(encoder), seed=0).eval()
    inputs = np.zeros((3, *encoder.shape), dtype=np.float32)
    return write_formats(formats, model, encoder, inputs, folder)


def test_each_format_gives_its_parity(tmp_path: Path) -> None:
    assert parities(tmp_path, a=Failing(), b=Failing()) == {
        "a": Parity(0.5, 3, 1.0),
        "b": Parity(0.5, 3, 1.0),
    }


def test_the_format_that_fails_is_named_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        parities(tmp_path, a=Failing(), mine=Failing(how="code"))
    assert str(raised.value) == (
        f"The export format mine failed in {__name__}: KeyError: 'first\\n second'. Correct it, or "
        "remove mine from export.formats."
    )


def test_answers_that_differ_are_an_error_of_the_model_with_the_formats_name(
    tmp_path: Path,
) -> None:
    with pytest.raises(ModelError, match=r"^The export format mine: A logit differs by 3\."):
        parities(tmp_path, mine=Failing(how="model"))
