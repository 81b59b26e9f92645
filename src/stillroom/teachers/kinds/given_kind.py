"""Teachers that exist: model directories of Hugging Face's layout, and GGUF files."""

from pathlib import Path

from stillroom.config.schema import GivenTeacher
from stillroom.teachers.kinds.model_directory_kind import ModelDirectory
from stillroom.teachers.teacher_kind import Preparation


class Given(ModelDirectory):
    """A model at `teacher.path`; a checked copy of it answers."""

    def prepare(self, given: GivenTeacher, folder: Path, preparation: Preparation) -> None:
        """Copy the files of the model into the project."""
        from stillroom.teachers.import_teacher import import_teacher

        source = preparation.root / given.required_path
        import_teacher(source, folder, preparation.encoder, preparation.inference)
