"""Folder layout: a folder of images in, its classes and splits out, before an image is opened.

    cat/1.png                       label cat
    train/cat/1.png, Valid/cat/…    label cat, split train, validation
    cat/train/1.png                 the same, the other way round
    1.png, train/1.png              no label

A folder that contains nothing but one other folder is passed through, as archives have it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stillroom.data.images.folder_listing import Folder, FolderReader
from stillroom.data.ingest.splits import SPLITS, canonical_split
from stillroom.data.notices import Notice, some
from stillroom.errors import DataError

_MOST_WRAPPERS = 8
_ANNOTATIONS = {"labels", "annotations", "masks", "jpegimages", "imagesets"}


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """A folder whose images share a label and a split.

    Attributes:
        part: its path relative to data.path; "." for data.path itself.
        label: the class; None if the images have no label.
        split: a canonical split; None if the layout has none.
        images: the names of the files, sorted.
    """

    part: str
    label: str | None
    split: str | None
    images: tuple[str, ...]


def folder_layout(reader: FolderReader) -> tuple[list[ClassFolder], list[Notice]]:
    """Return the folders with images, sorted, and what was guessed or left out.

    Raises:
        DataError: splits and classes stand side by side, or there is a folder inside a class.
    """
    root, notices = _without_wrappers(reader)
    _refuse_annotations(root)
    if _is_split_first(root):
        folders = list(_split_first(root))
        notices += _renamed([folder.name for folder in root.folders])
    else:
        folders = list(_class_first(root))
        names = [split for folder in root.folders for split in _inner_splits(folder)]
        notices += _renamed(names)
        notices += _split_words_as_classes(root) if not names else []
    empty = [one.part for one in folders if one.label is not None and not one.images]
    if empty:
        notices.append(_empty(empty))
    return folders, notices


def _without_wrappers(reader: FolderReader) -> tuple[Folder, list[Notice]]:
    root = reader.root()
    for _ in range(_MOST_WRAPPERS):
        alone = root.folders[0] if len(root.folders) == 1 and not root.images else None
        if alone is None or canonical_split(alone.name) or alone.images or not alone.folders:
            break
        root = alone
    if root.part == ".":
        return root, []
    return root, [Notice("guessed", f"{root.part} is read as the folder of the images.")]


def _is_split_first(root: Folder) -> bool:
    """Return whether the folders of `root` are splits.

    Raises:
        DataError: some are splits, and others are not.
    """
    splits = [folder for folder in root.folders if canonical_split(folder.name)]
    others = [folder for folder in root.folders if not canonical_split(folder.name)]
    if not splits:
        return False
    if others:
        # A class may be called train or test, if it is a class: a folder without folders.
        if with_classes := [split for split in splits if split.folders]:
            raise DataError(
                f"{with_classes[0].part} is a split, but {others[0].part} beside it is none. Move "
                f"it into a split, or rename it; splits are {', '.join(SPLITS)}."
            )
        return False
    if root.images:
        raise DataError(
            f"{root.images[0]} lies beside the folders of the splits. Move it into one of them."
        )
    return True


def _split_first(root: Folder) -> Iterator[ClassFolder]:
    for folder in root.folders:
        _refuse_annotations(folder)
        split = canonical_split(folder.name)
        if folder.images:
            yield ClassFolder(folder.part, None, split, folder.images)
        for below in folder.folders:
            yield _class_folder(below, below.name, split)


def _class_first(root: Folder) -> Iterator[ClassFolder]:
    if root.images:
        yield ClassFolder(root.part, None, None, root.images)
    for folder in root.folders:
        if _inner_splits(folder):
            for below in folder.folders:
                yield _class_folder(below, folder.name, canonical_split(below.name))
        else:
            yield _class_folder(folder, folder.name, None)


def _class_folder(folder: Folder, label: str, split: str | None) -> ClassFolder:
    if folder.folders:
        raise DataError(
            f"{folder.folders[0].part} is a folder inside the folder of a class. Move its images "
            "up, or set data.path to the folder that holds the classes; only train, validation and "
            "test may be above or below them."
        )
    return ClassFolder(folder.part, label, split, folder.images)


def _inner_splits(folder: Folder) -> list[str]:
    """Return the names of the folders inside a class, if they are splits and hold all images."""
    names = [below.name for below in folder.folders]
    return names if not folder.images and all(map(canonical_split, names)) else []


def _refuse_annotations(folder: Folder) -> None:
    for below in folder.folders:
        if below.name.lower() in _ANNOTATIONS and not below.images and len(folder.folders) > 1:
            raise DataError(
                f"{below.part} holds no images: this looks like data for detection or "
                "segmentation, with annotations in files. Only one folder per class can be read."
            )


def _renamed(names: Sequence[str]) -> list[Notice]:
    """Return a notice about the folders of splits that are not called as the splits are."""
    words = {
        name: f"{name} as {canonical_split(name)}"
        for name in names
        if name != canonical_split(name)
    }
    if not words:
        return []
    return [Notice("guessed", f"Folders are read as splits: {', '.join(words.values())}.")]


def _split_words_as_classes(root: Folder) -> list[Notice]:
    names = [folder.name for folder in root.folders if canonical_split(folder.name)]
    if not names:
        return []
    words = f"{', '.join(names)}: read as a class, not as a split, since classes stand beside it."
    return [Notice("guessed", words)]


def _empty(parts: list[str]) -> Notice:
    words = f"Folders of classes without an image: {len(parts):,} ({some(parts)})."
    return Notice("left_out", words)
