"""ONNX files whose input is what an encoder of ours makes, such as `export` writes.

model.onnx, or a folder with one ──checked, copied──> member folder ──ONNX Runtime──> logits
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic.dataclasses import dataclass

from stillroom.config.kind_options import options_of
from stillroom.config.schema import GivenTeacher, Inference
from stillroom.config.schema.field_types import STRICT
from stillroom.teachers.teacher_kind import Preparation, Served, TeacherKind

if TYPE_CHECKING:
    from stillroom.data.encoders import Encoder
    from stillroom.teachers.teacher import CaptureSettings, Identity, Teacher, TeacherRef


@dataclass(frozen=True, kw_only=True, config=STRICT)
class OnnxOptions:
    """The options of an ONNX file.

    Attributes:
        classes: the names of its outputs, in order; None: those of the encoder beside the file.
    """

    classes: list[str] | None = None


class Onnx(TeacherKind):
    """An ONNX file at `teacher.path`, or in that folder."""

    options = OnnxOptions

    def prepare(self, given: GivenTeacher, folder: Path, preparation: Preparation) -> None:
        """Check the graph, and copy it with the data that lies beside it."""
        from stillroom.data.encoders import write_encoder
        from stillroom.models.pretrained.model_directory import PREPROCESSOR
        from stillroom.teachers.compatibility import require_compatible
        from stillroom.teachers.onnx.graph_file import copy_onnx, find_onnx, own_encoder
        from stillroom.teachers.onnx.onnx_teacher import require_answer

        file = find_onnx(preparation.root / given.required_path)
        classes = options_of(given, OnnxOptions, "teacher").classes
        own = own_encoder(file, preparation.encoder, classes)
        require_compatible(own, preparation.encoder, file)
        copy_onnx(file, folder)
        write_encoder(own, folder, PREPROCESSOR)
        require_answer(folder)
        _warn_of_inference(file, preparation.inference)

    def files(self, path: Path) -> list[Path]:
        """Return the graph, and beside it the files of its tensors and of its encoder."""
        from stillroom.config.tokenizer_files import CONFIG, DEFINITION
        from stillroom.models.pretrained.model_directory import PREPROCESSOR
        from stillroom.teachers.onnx.graph_file import FILE, tensor_files

        file = path / FILE if path.is_dir() else path
        encoder = [file.parent / name for name in (PREPROCESSOR, DEFINITION, CONFIG)]
        return [file, *tensor_files(file), *(one for one in encoder if one.is_file())]

    def identity(self, folder: Path) -> "Identity":
        """Return the hash of the graph with its data, and of its inputs and outputs."""
        from stillroom.teachers.onnx.graph_file import identity_of

        return identity_of(folder)

    def open(self, ref: "TeacherRef", how: "CaptureSettings", encoder: "Encoder") -> "Teacher":
        """Open the file with ONNX Runtime, on the CPU and in the precision of the file."""
        from stillroom.models.pretrained.model_directory import read_encoder
        from stillroom.teachers.compatibility import require_compatible
        from stillroom.teachers.onnx.onnx_teacher import OnnxTeacher

        own = read_encoder(ref.path)
        require_compatible(own, encoder, ref.path)
        return OnnxTeacher.of(ref, how, own)

    def serve(self, folder: Path, inference: Inference) -> Served:
        """Open the file to measure its cost; its FLOPs cannot be counted."""
        from stillroom.models.pretrained.model_directory import read_encoder
        from stillroom.teachers.onnx.graph_file import size_of_graph
        from stillroom.teachers.onnx.onnx_teacher import OnnxSession

        own = read_encoder(folder)
        return Served(
            encoder=own,
            run=OnnxSession.of(folder, own).logits,
            size=size_of_graph(folder),
            flops=None,
            read_weights=lambda: None,  # ONNX Runtime reads the whole file
            device="cpu",
        )


def _warn_of_inference(file: Path, inference: Inference) -> None:
    """Say which settings do not apply to a file: one list may hold models to which they do."""
    for name, value, applied in (
        ("dtype", inference.dtype, "float32"),
        ("device_map", inference.device_map, "cpu"),
    ):
        if value != applied:
            logging.getLogger(__name__).warning(
                "teacher.%s=%s does not apply to %s: an ONNX file runs on the CPU, in its own "
                "precision",
                name,
                value,
                file.name,
            )
