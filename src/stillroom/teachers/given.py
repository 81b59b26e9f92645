"""Given teachers: a model directory from anywhere in, a checked copy in the project out.

teacher.path ──the files that a model consists of, no links, no code──> ensemble/member_0
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from stillroom.data.encoders import Encoder
from stillroom.errors import ModelError
from stillroom.models.directory import (
    CONFIG,
    PREPROCESSOR,
    WEIGHTS,
    read_encoder,
    require_directory,
)

# What is copied, since what lies in the project is pushed to a remote; all else stays behind.
FILES = (CONFIG, WEIGHTS, PREPROCESSOR, "README.md", "LICENSE")


def take_over(given: Path, target: Path, classes: Sequence[str]) -> None:
    """Copy a teacher into the project.

    Raises:
        ModelError: it is no model directory, a file is a link, or its classes are others.
        DataError: its encoder is malformed.
    """
    if not given.is_dir():
        raise ModelError(f"teacher.path {given} is no folder. Name a Hugging Face model directory.")
    require_directory(given)
    theirs = Encoder.from_json(read_encoder(given)).classes
    if list(theirs) != list(classes):
        raise ModelError(
            f"{given} answers for {len(theirs)} classes ({', '.join(theirs[:5])}, …), and the "
            f"examples have {len(classes)} ({', '.join(classes[:5])}, …). "
            "Name a teacher of these classes, or set data.classes."
        )
    target.mkdir(parents=True)
    for name in FILES:
        if (given / name).is_symlink():
            raise ModelError(f"{given / name} is a link. Put the file itself there.")
        if (given / name).is_file():
            shutil.copyfile(given / name, target / name)
