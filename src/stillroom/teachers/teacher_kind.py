"""Kinds of teachers: how a teacher comes into the project, and how it is opened there.

    GivenTeacher (config) ──prepare──> folder of one member ──open──> Teacher

`teacher.source` names a kind. A folder that a kind prepared holds all that `open` needs, except
secrets; `teacher.json` in it names the kind, and a folder without one is a model directory.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic.dataclasses import dataclass as options_dataclass

from stillroom.config.schema import GivenTeacher, Inference
from stillroom.config.schema.field_types import STRICT
from stillroom.errors import ModelError

# The configuration asks kinds for their options, so this module and those of the kinds import
# nothing else before they are used.
if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from stillroom.data.encoders import Encoder
    from stillroom.evaluation.cost.parameter_counts import Size
    from stillroom.evaluation.cost.workload import Forward, Inputs
    from stillroom.io.tables import TableFile
    from stillroom.teachers.teacher import CaptureSettings, Identity, Teacher, TeacherRef


@options_dataclass(frozen=True, kw_only=True, config=STRICT)
class NoOptions:
    """The options of a kind that has none besides those of every teacher."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """What `prepare` may use.

    Attributes:
        root: the folder of the project, from which a relative path starts.
        examples: every example.
        encoder: the encoder of the examples.
        inference: the precision and the devices of the teachers.
    """

    root: Path
    examples: "TableFile"
    encoder: "Encoder"
    inference: Inference


@dataclass(frozen=True, slots=True)
class Served:
    """A stored model as a service would run it, to measure its cost.

    Attributes:
        encoder: makes its inputs.
        run: runs it on inputs [n, *shape], and waits for the answers.
        size: its parameters and their bytes.
        flops: returns the FLOPs of one example, the mean over inputs; None if nothing counts them.
        read_weights: reads every weight, since a page of a mapped file takes memory only then.
        device: the kind of device that it runs on: `cpu` or `cuda`.
    """

    encoder: "Encoder"
    run: "Forward"
    size: "Size"
    flops: "Callable[[Inputs], int] | None"
    read_weights: Callable[[], None]
    device: str


class TeacherKind(ABC):
    """A kind of teacher.

    Attributes:
        options: the typed options that `teacher.*` or an entry of `teachers` has for this kind.
        has_path: it lies at a path, which is checked to exist, and whose model card is read.
        trains: the stage `teachers` trains it here, with the members and epochs of the config.
        starts_from_path: the model at its path is what the training starts from.
        is_model: its folder is a model directory, so that it can run live, give hidden states, and
            give layers to a student.
        takes_class_names: `class_names` says which of its own classes are those of the examples.
    """

    options: ClassVar[type] = NoOptions
    has_path: ClassVar[bool] = True
    trains: ClassVar[bool] = False
    starts_from_path: ClassVar[bool] = False
    is_model: ClassVar[bool] = False
    takes_class_names: ClassVar[bool] = False

    @abstractmethod
    def prepare(self, given: GivenTeacher, folder: Path, preparation: Preparation) -> None:
        """Check a teacher, then write all that `open` needs into a folder that does not exist yet.

        Raises:
            ModelError: the teacher cannot be used for these examples.
        """

    @abstractmethod
    def identity(self, folder: Path) -> "Identity":
        """Return the hashes of a prepared teacher.

        Raises:
            ModelError: the folder is incomplete.
        """

    @abstractmethod
    def open(self, ref: "TeacherRef", how: "CaptureSettings", encoder: "Encoder") -> "Teacher":
        """Open a prepared teacher.

        Args:
            ref: its folder, with its precision and devices; the hashes were compared before.
            how: the settings of the capture.
            encoder: the encoder of the examples.

        Raises:
            ModelError: the teacher cannot be opened, or has other classes or tokens.
        """

    @abstractmethod
    def serve(self, folder: Path, inference: Inference) -> Served:
        """Open a prepared teacher to measure its cost.

        Raises:
            ModelError: the teacher cannot be opened.
        """

    def files(self, path: Path) -> list[Path]:
        """Return the files that make up a teacher, so that DVC notices when one changes.

        Args:
            path: its path. It need not exist, and the files may be broken: this raises no error.

        Returns:
            The file at the path, or all files below the folder that are not hidden.
        """
        if not path.is_dir():
            return [path]
        names = (file.relative_to(path) for file in sorted(path.rglob("*")) if file.is_file())
        return [path / name for name in names if not any(p.startswith(".") for p in name.parts)]

    def module(self, folder: Path, inference: Inference) -> "PreTrainedModel":
        """Load a prepared teacher as a module, to run it within a training step.

        Raises:
            ModelError: this kind is no model of PyTorch, or it cannot be loaded.
        """
        raise ModelError(
            "teacher.mode=live and evaluate.full_logits=true run the teacher within a training "
            f"step, but a teacher of the kind {type(self).__name__.lower()} cannot run there. Set "
            "teacher.mode=cached and evaluate.full_logits=false."
        )
