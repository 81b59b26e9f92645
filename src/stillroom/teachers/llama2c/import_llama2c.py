"""Import of llama2.c: both files in, a complete model directory, or an error and no folder, out."""

from pathlib import Path

from stillroom.data.text.tokenizer import write_tokenizer
from stillroom.errors import ModelError
from stillroom.io.files.atomic_folder import publish
from stillroom.io.files.workspace import new_workspace
from stillroom.models.pretrained.load_pretrained import silence_transformers
from stillroom.teachers.llama2c.checkpoint_file import read_checkpoint
from stillroom.teachers.llama2c.tokenizer_file import read_llama2c_tokenizer


def import_llama2c(checkpoint: Path, vocabulary: Path, target: Path, root: Path) -> None:
    """Write the two files of llama2.c as a Hugging Face directory.

    Args:
        checkpoint: the file of the model.
        vocabulary: the file of the tokenizer.
        target: the folder to write, inside the project.
        root: the folder of the project.

    Raises:
        ModelError: a file is missing or damaged, the two do not belong together, or the folder
            exists.
    """
    if target.exists():
        raise ModelError(f"{target} exists. Choose another folder, or remove it.")
    model = read_checkpoint(checkpoint)
    tokenizer = read_llama2c_tokenizer(vocabulary, model.config.vocab_size)
    silence_transformers()
    folder = new_workspace(root, "import") / "model"
    model.save_pretrained(folder)
    write_tokenizer(tokenizer, folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    publish(folder, target)
