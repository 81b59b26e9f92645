"""Given teachers: a model directory from anywhere in, a checked copy in the project out.

teacher.path ──the files that a model consists of, no links, no code──> ensemble/member_0
"""

import shutil
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
from stillroom.teachers.alike import require_alike

# What is copied, since what lies in the project is pushed to a remote; all else stays behind.
FILES = (CONFIG, WEIGHTS, PREPROCESSOR, "README.md", "LICENSE")


def take_over(given: Path, target: Path, encoder: Encoder) -> None:
    """Copy a teacher into the project.

    Raises:
        ModelError: it is no model directory, a file is a link, or its classes are others.
        DataError: its encoder is malformed.
    """
    if not given.is_dir():
        raise ModelError(f"teacher.path {given} is no folder. Name a Hugging Face model directory.")
    require_directory(given)
    require_alike(read_encoder(given), encoder, given)
    target.mkdir(parents=True)
    for name in FILES:
        if (given / name).is_symlink():
            raise ModelError(f"{given / name} is a link. Put the file itself there.")
        if (given / name).is_file():
            shutil.copyfile(given / name, target / name)
