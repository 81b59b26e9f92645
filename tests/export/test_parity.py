"""The parity document: one format as before, several with the worst first."""

import pytest

from stillroom.export.parity import Parity, parity_document

CLOSE = Parity(2e-6, 30, 1e-3)
EXACT = Parity(0.0, 30, 0.0)


def test_the_document_of_one_format_is_its_parity() -> None:
    document = parity_document({"onnx": CLOSE})
    assert document == {"largest_difference": 2e-6, "inputs": 30, "tolerance": 1e-3}


@pytest.mark.parametrize(
    ("other", "worst"),
    [
        (EXACT, "onnx"),
        (Parity(5e-6, 30, 1e-2), "onnx"),  # a larger difference, but 1/2000 of what is allowed
        (Parity(1e-6, 30, 1e-6), "other"),
        (Parity(1e-9, 30, 0.0), "other"),  # nothing is allowed
    ],
)
def test_of_several_the_one_nearest_to_its_tolerance_stands_first(
    other: Parity, worst: str
) -> None:
    document = parity_document({"onnx": CLOSE, "other": other})
    formats = document.pop("formats")
    assert set(formats) == {"onnx", "other"}
    assert document == formats[worst]
