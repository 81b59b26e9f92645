"""The table of the kinds of teachers; `teacher.source` names one."""

from stillroom.kinds.kind_contract import KindContract
from stillroom.registry import Registry
from stillroom.teachers.teacher_kind import TeacherKind

REGISTRY: Registry[type[TeacherKind]] = Registry(
    "teachers",
    "a source of teachers",
    {
        "trained": "stillroom.teachers.kinds.model_directory_kind:Trained",
        "finetuned": "stillroom.teachers.kinds.model_directory_kind:Finetuned",
        "given": "stillroom.teachers.kinds.given_kind:Given",
        "sentence": "stillroom.teachers.kinds.sentence_kind:Sentence",
        "onnx": "stillroom.teachers.kinds.onnx_kind:Onnx",
    },
    KindContract("stillroom.teachers.teacher_kind:TeacherKind", options=lambda kind: kind.options),
)
