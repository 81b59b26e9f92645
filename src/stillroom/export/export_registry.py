"""The table of the export formats; the list `export.formats` names them."""

from typing import TYPE_CHECKING

from stillroom.kinds.kind_contract import KindContract
from stillroom.registry import Registry

if TYPE_CHECKING:
    from stillroom.export.export_format import ExportFormat

REGISTRY: "Registry[type[ExportFormat]]" = Registry(
    "exports",
    "an export format",
    {"onnx": "stillroom.export.formats.onnx_format:OnnxFormat"},
    KindContract("stillroom.export.export_format:ExportFormat", options=lambda kind: kind),
)
