"""Which files of a repository are fetched: its files in, the chosen ones and the rest out.

    Repository ──by name──> documents: card, licence, index of the weights
               └─by name and index──> Selection(files, left_out)

Only what Stillroom or transformers reads of a model is fetched: weights as safetensors, configs,
tokenizer, chat templates, and the words of its makers. Pickles and Python code never are.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from stillroom.config.model_files import ADAPTER, CONFIG, GGUF, PICKLES, README
from stillroom.config.tokenizer_files import CHAT_TEMPLATES, MODELS, SETTINGS, VOCABULARIES
from stillroom.errors import HubError
from stillroom.models.hub.repository import Repository, RepositoryFile
from stillroom.models.pretrained.safetensors_files import (
    INDEX,
    LARGEST_INDEX,
    WEIGHTS,
    files_of_index,
)

WORDS = (README, "LICENSE*", "LICENCE*", "NOTICE*", "USE_POLICY*")
READ = (
    *WORDS,
    CONFIG,
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    *VOCABULARIES,
    *SETTINGS,
    MODELS,
    "chat_template.json",
    *CHAT_TEMPLATES,
    "modules.json",  # these of sentence encoders
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "[0-9]_*/config.json",
)
MORE_PICKLES = (*PICKLES, "*.pkl", "*.pickle", "*.joblib")
CODE = ("*.py", "*.so", "*.sh")
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+ -]{0,199}")  # between two slashes
LARGEST_HTTP = 50 * 10**9  # bytes of a file that the Hub gives without its own protocol
LARGEST_WORDS = 1 << 26
SHOWN = 3
CONVERTER = "huggingface.co/spaces/safetensors/convert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is fetched of a repository.

    Attributes:
        files: the chosen files, the small ones first.
        left_out: all others.
    """

    files: tuple[RepositoryFile, ...]
    left_out: tuple[RepositoryFile, ...]

    @property
    def size(self) -> int:
        """Bytes of the chosen files."""
        return sum(file.bytes for file in self.files)

    @property
    def pickles(self) -> tuple[str, ...]:
        """The names of the pickles that are left out."""
        return tuple(file.name for file in self.left_out if _is_any(file, MORE_PICKLES))

    @property
    def code(self) -> tuple[str, ...]:
        """The names of the programs that are left out."""
        return tuple(file.name for file in self.left_out if _is_any(file, CODE))

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the other files that are left out."""
        named = {*self.pickles, *self.code}
        return tuple(file.name for file in self.left_out if file.name not in named)


def documents(repository: Repository) -> tuple[RepositoryFile, ...]:
    """Return the files that are fetched first, because they decide about the others.

    Raises:
        HubError: the repository holds no model of transformers with safetensors.
    """
    names = {file.name for file in repository.files}
    if not {WEIGHTS, INDEX} & names:
        raise HubError(f"{repository.pin} {_instead_of_weights(repository)}")
    if CONFIG not in names:
        raise HubError(
            f"{repository.pin} has no {CONFIG}, so it is no model of transformers. Fetch another."
        )
    decisive = (*WORDS, CONFIG) if WEIGHTS in names else (*WORDS, CONFIG, INDEX)
    return _checked(file for file in repository.files if _is_any(file, decisive))


def selected(repository: Repository, folder: Path) -> Selection:
    """Return what is fetched of a repository.

    Args:
        repository: its files.
        folder: the folder with the `documents` of it.

    Raises:
        HubError: the index lists a file that the repository does not have.
        ModelError, DataError: the index is damaged.
    """
    names = {file.name for file in repository.files}
    weights = {WEIGHTS} if WEIGHTS in names else {INDEX, *files_of_index(folder / INDEX)}
    missing = sorted(weights - names)
    if missing:
        raise HubError(
            f"{repository.pin} has no {missing[0]}, but {INDEX} lists it. Fetch another revision."
        )
    chosen = [one for one in repository.files if one.name in weights or _is_any(one, READ)]
    files = _checked(chosen)
    fetched = {file.name for file in files}
    left_out = tuple(one for one in repository.files if one.name not in fetched)
    return Selection(files=files, left_out=left_out)


def _checked(files: object) -> tuple[RepositoryFile, ...]:
    """Return files sorted by size, after a look at their names, sizes and hashes."""
    chosen: list[RepositoryFile] = sorted(files, key=lambda one: (one.bytes, one.name))  # type: ignore[call-overload]
    for file in chosen:
        if any(PLAIN_NAME.fullmatch(part) is None for part in file.name.split("/")):
            raise HubError(f"The Hub lists a file {file.name[:80]!r}, a name that is not allowed.")
        if file.size is None or not (file.sha256 or file.git_sha1):
            raise HubError(
                f"The Hub does not say the size and the hash of {file.name}, so it could not be "
                "checked. Unset HF_ENDPOINT if it names a mirror."
            )
        if file.size > LARGEST_HTTP:
            raise HubError(
                f"{file.name} has {file.size:,} bytes. Above {LARGEST_HTTP:,} the Hub has a "
                "protocol of its own: use `hf download` of huggingface_hub for this model."
            )
        if (file.size > LARGEST_WORDS and _is_any(file, WORDS)) or _is_large_index(file):
            raise HubError(f"{file.name} has {file.size:,} bytes, which no such file has.")
    return tuple(chosen)


def _is_large_index(file: RepositoryFile) -> bool:
    return file.name == INDEX and file.bytes > LARGEST_INDEX


def _is_any(file: RepositoryFile, patterns: tuple[str, ...]) -> bool:
    """Tell whether a name is one of some patterns, of which * stands for no slash."""
    depth = file.name.count("/")
    folders = patterns in (MORE_PICKLES, CODE)  # these are looked for in all folders
    return any(
        fnmatchcase(file.name, pattern) and (folders or pattern.count("/") == depth)
        for pattern in patterns
    )


def _instead_of_weights(repository: Repository) -> str:
    """Return what a repository has instead of safetensors, and what to do."""
    names = [file.name for file in repository.files]
    if ADAPTER in names:
        return (
            "holds an adapter, which is no model by itself. Fetch the model that it belongs to, "
            "or a repository with both merged."
        )
    if any(name.endswith(GGUF) for name in names):
        return (
            f"holds GGUF files and no {WEIGHTS}. Fetch the model that they were made from, or "
            "copy one of them into models/ yourself: teacher.path can name it."
        )
    pickled = [file.name for file in repository.files if _is_any(file, MORE_PICKLES)]
    if pickled:
        return (
            f"has no {WEIGHTS}, and {pickled[0]} is a pickle, which Stillroom never reads. "
            f"{CONVERTER} makes a pull request with safetensors; fetch its revision, as refs/pr/1."
        )
    if any(name.endswith(".safetensors") for name in names):
        return (
            f"has no {WEIGHTS} and no {INDEX}, although it has other safetensors files. Fetch a "
            "repository in the layout of transformers."
        )
    return f"has no {WEIGHTS}, so it holds no model of transformers. Fetch another."
