"""Teachers that exist: model directories of Hugging Face's layout, and GGUF files."""

from pathlib import Path

from stillroom.config.schema import GivenTeacher
from stillroom.io.files.gguf_parts import part_paths
from stillroom.teachers.kinds.model_directory_kind import ModelDirectory
from stillroom.teachers.teacher_kind import Preparation


class Given(ModelDirectory):
    """A model at `teacher.path`; a checked copy of it answers."""

    takes_class_names = True

    def prepare(self, given: GivenTeacher, folder: Path, preparation: Preparation) -> None:
        """Copy the files of the model into the project."""
        from stillroom.teachers.import_teacher import import_teacher

        source = preparation.root / given.required_path
        import_teacher(
            source, folder, preparation.encoder, preparation.inference, given.class_names
        )

    def files(self, path: Path) -> list[Path]:
        """Return the files below a folder, or all parts of a GGUF file."""
        return super().files(path) if path.is_dir() else part_paths(path)
