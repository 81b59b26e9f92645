"""Teachers that are model directories, in Hugging Face's layout: those trained here among them."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.config.schema import GivenTeacher, Inference
from stillroom.errors import ModelError
from stillroom.teachers.teacher_kind import Preparation, Served, TeacherKind

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from stillroom.data.encoders import Encoder
    from stillroom.teachers.teacher import CaptureSettings, Identity, Teacher, TeacherRef


class ModelDirectory(TeacherKind):
    """What all kinds share whose folder is a model directory."""

    is_model = True

    def identity(self, folder: Path) -> "Identity":
        """Return the hashes of the weights and of the config."""
        from stillroom.models.pretrained import model_directory
        from stillroom.models.pretrained.safetensors_files import weights_hash
        from stillroom.teachers.teacher import Identity

        model_directory.require_model_directory(folder)
        return Identity(weights_hash(folder), model_directory.architecture_hash(folder))

    def open(self, ref: "TeacherRef", how: "CaptureSettings", encoder: "Encoder") -> "Teacher":
        """Load the model, in this precision and onto these devices."""
        from stillroom.teachers.model_teacher import open_model_teacher

        teacher = open_model_teacher(ref, how, encoder)
        if how.embeddings is None:
            return teacher
        from stillroom.teachers.sentence.reuse_embeddings import with_kept_embeddings

        return with_kept_embeddings(teacher)

    def serve(self, folder: Path, inference: Inference) -> Served:
        """Load the model to measure its cost."""
        from stillroom.evaluation.cost.flops import flops_of
        from stillroom.evaluation.cost.parameter_counts import size_of
        from stillroom.models.forward.serving import serving
        from stillroom.models.pretrained.model_directory import read_encoder

        model = self.module(folder, inference)
        run = serving(model)
        return Served(
            encoder=read_encoder(folder),
            run=run,
            size=size_of(model),
            flops=partial(flops_of, run),
            read_weights=lambda: _read(model),
            device=model.device.type,
        )

    def module(self, folder: Path, inference: Inference) -> "PreTrainedModel":
        """Load the model in evaluation mode."""
        from stillroom.models.pretrained.model_directory import load_model

        return load_model(folder, inference)


def _read(model: "PreTrainedModel") -> None:
    for weights in model.parameters():
        weights.sum()


class Trained(ModelDirectory):
    """An ensemble that the stage `teachers` trains from scratch."""

    trains = True

    def prepare(self, given: GivenTeacher, folder: Path, preparation: Preparation) -> None:
        """Refuse: the stage trains such teachers itself."""
        raise ModelError(
            "A trained teacher has no files to prepare: `kedro run --pipeline=teachers` trains it. "
            "Set teacher.source=given for a model that exists."
        )


class Finetuned(Trained):
    """A model at `teacher.path` that the stage `teachers` trains further on the examples."""

    starts_from_path = True
