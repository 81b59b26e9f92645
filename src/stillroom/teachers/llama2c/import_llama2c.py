"""Importing: both files in, a whole directory or none out."""

from pathlib import Path

from stillroom.data.text.tokenizer import write_tokenizer
from stillroom.errors import ModelError
from stillroom.io.files.workspace import new_workspace, publish
from stillroom.models.pretrained.model_directory import silence_progress
from stillroom.teachers.llama2c.checkpoint_file import read_checkpoint
from stillroom.teachers.llama2c.tokenizer_file import read_vocabulary


def import_llama2c(checkpoint: Path, vocabulary: Path, target: Path, root: Path) -> None:
    """Write what llama2.c's files hold as a Hugging Face directory.

    Args:
        checkpoint: the model's file.
        vocabulary: the tokenizer's file.
        target: the folder, inside of the project.
        root: the project.

    Raises:
        ModelError: a file is missing or damaged, they do not belong together, or the folder
            exists.
    """
    if target.exists():
        raise ModelError(f"{target} exists. Name a folder that does not, or remove it.")
    model = read_checkpoint(checkpoint)
    tokenizer = read_vocabulary(vocabulary, model.config.vocab_size)
    silence_progress()
    made = new_workspace(root, "import") / "model"
    model.save_pretrained(made)
    write_tokenizer(tokenizer, made)
    target.parent.mkdir(parents=True, exist_ok=True)
    publish(made, target)
