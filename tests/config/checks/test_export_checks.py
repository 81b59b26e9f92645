"""Checks of the export: formats that exist, once each, with their options."""

import pytest

from stillroom.config.checks.export_checks import check_export
from stillroom.errors import ConfigError


def test_a_format_without_options_needs_no_section() -> None:
    check_export({"formats": ["onnx"]})
    check_export({"formats": ["onnx"], "onnx": {}})


@pytest.mark.parametrize(
    ("export", "words"),
    [
        ({"formats": ["onxn"]}, "export.formats is onxn, which is not an export format"),
        ({"formats": ["onnx", "onnx"]}, "lists onnx twice"),
        ({"formats": ["onnx"], "onxn": {}}, "not a parameter. Did you mean export.onnx?"),
        ({"formats": ["onnx"], "onnx": 3}, "export.onnx is 3; it must be a section"),
        ({"formats": ["onnx"], "onnx": {"opset": 20}}, "export.onnx.opset is not a parameter"),
    ],
)
def test_what_is_refused(export: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check_export(export)
    assert words in str(raised.value)
