"""Digests of files that DVC cannot watch itself: those of listed teachers, and of tokenizers.

    teacher ──its kind's `files`──> files ──content──> digest in conf/composed.yaml

DVC takes no path from a list, and of a path that is a file, it watches that file alone. But it
sees that a digest in conf/composed.yaml changed.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stillroom.config.model_files import CONFIG
from stillroom.config.tokenizer_files import CHAT_TEMPLATES, MODELS, SETTINGS, VOCABULARIES
from stillroom.io.files.file_hashes import content_hashes
from stillroom.io.files.gguf_parts import first_part
from stillroom.io.files.hashing import sha256_json
from stillroom.registry import registry_of

CARD = "README.md"  # the model card, which is read for the licence if the config names none
TOKENIZER = (*VOCABULARIES, MODELS, *SETTINGS, *CHAT_TEMPLATES)
GGUF = "*.gguf"


def teacher_digest(section: Mapping[str, Any], root: Path) -> str | None:
    """Return the digest of a teacher's files.

    Args:
        section: an entry of `teachers`.
        root: the project's folder.

    Returns:
        The digest; None for a kind that has no path.
    """
    if not section.get("path") or not _kind(section).has_path:
        return None
    path = root / section["path"]
    return _digest(_files(section, path), path, root)


def digest_outside(section: Mapping[str, Any], root: Path) -> str | None:
    """Return the digest of a teacher's files that do not lie at or below its path.

    Args:
        section: the section `teacher`.
        root: the project's folder.

    Returns:
        The digest; None if there are none, or the teacher is trained here.
    """
    kind = _kind(section)
    if not kind.has_path or (kind.trains and not kind.starts_from_path):
        return None
    path = root / section["path"]
    files = [file for file in _files(section, path) if not file.is_relative_to(path)]
    return _digest(files, path, root) if files else None


def tokenizer_digest(configured: str, root: Path) -> str:
    """Return the digest of the files of a tokenizer.

    Args:
        configured: `data.text.tokenizer`, a folder or a GGUF file.
        root: the project's folder.
    """
    path = root / configured
    folder = path if path.is_dir() else path.parent
    files = {file for pattern in TOKENIZER for file in folder.glob(pattern)}
    if not path.is_dir():
        # Of a GGUF file in parts the first is read, regardless of which one is named.
        files |= {path, first_part(path)}
    elif not (path / CONFIG).is_file():
        files |= {*path.glob(GGUF)}
    return _digest(files, path, root)


def template_digest(configured: str, root: Path) -> str:
    """Return the digest of a chat template in a file of its own.

    Args:
        configured: `data.chat.template`, a .jinja file.
        root: the project's folder.
    """
    path = root / configured
    return _digest([path], path, root)


def _kind(section: Mapping[str, Any]) -> Any:
    return registry_of("teachers").load(section["source"])


def _files(section: Mapping[str, Any], path: Path) -> list[Path]:
    """Return the files of a teacher that exist, and its model card if that gives the licence."""
    files = [*_kind(section)().files(path)]
    if section.get("licence") is None:
        files.append((path if path.is_dir() else path.parent) / CARD)
    return [file for file in files if file.is_file()]


def _digest(files: Iterable[Path], path: Path, root: Path) -> str:
    """Return the digest of the content of files and of their names, as seen from their folder."""
    folder = path if path.is_dir() else path.parent
    hashes = content_hashes((file for file in files if file.is_file()), root)
    named = {Path(os.path.relpath(file, folder)).as_posix(): hashes[file] for file in hashes}
    return sha256_json(named)
