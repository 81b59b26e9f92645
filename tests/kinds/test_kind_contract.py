"""Whatever a package registers as a kind, an error of one line says what is expected."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.plug_in.install import PACKAGE, install, installed

from stillroom.errors import ConfigError
from stillroom.registry import HOMES, registry_of

MODULE = f"{PACKAGE}.wrong"
# Code of a package, by what is wrong with it. `{base}` is the base class of the group's kinds.
WRONG = {
    "function": "def wrong():\n    ...",
    "class": "class wrong:\n    ...",
    "instance": "wrong = object()",
    "text": "wrong = 'one\\ntwo'",
    "none": "wrong = None",
}
BASES = {
    "teachers": "stillroom.teachers.teacher_kind.TeacherKind",
    "sparsifiers": "stillroom.softlabels.sparsify.sparsifier.Sparsifier",
    "terms": "stillroom.objectives.kinds.term_kind.TermKind",
    "architectures": "stillroom.models.architectures.architecture_kind.ArchitectureKind",
    "sources": "stillroom.data.sources.source_kind.SourceKind",
    "exports": "stillroom.export.export_format.ExportFormat",
    "sections": "stillroom.reporting.section.Section",
}
RENYI = """
from typing import ClassVar
from stillroom.objectives.kinds.term_kind import AnswerTermKind, TermKind
from stillroom.objectives.kinds.divergence_kinds import DivergenceKind, ForwardKL

class undecorated(DivergenceKind):
    alpha: float = 0.5
    def measure(self): ...

class inherits(ForwardKL):
    alpha: float = 0.5

class bare(AnswerTermKind):
    def build(self, temperature, treatment): ...

class without_build(AnswerTermKind): ...

class without_compares(TermKind): ...

class inherits_all(ForwardKL):
    is_linear: ClassVar[bool] = False
"""
TEACHER = """
from dataclasses import dataclass
from stillroom.teachers.kinds.given_kind import Given

class Plain:
    sharpness: float = 1.0

class plain_options(Given):
    options = Plain

class no_class(Given):
    options = {"sharpness": 1.0}
"""
NUCLEUS = """
from stillroom_example.sparsifier import Nucleus

class fails(Nucleus):
    @classmethod
    def options(cls):
        raise RuntimeError("one\\ntwo")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of the package, which is not installed yet."""
    yield tmp_path


def refusal(folder: Path, group: str, name: str, code: str) -> str:
    """Return the error of the kind `name` of a package with this code, without its beginning."""
    install(folder, f"[stillroom.{group}]\n{name} = {MODULE}:{name}\n")
    (folder / PACKAGE / "wrong.py").write_text(code, encoding="utf-8")
    with installed(folder), pytest.raises(ConfigError) as raised:
        registry_of(group).load(name)
    text = str(raised.value)
    assert "\n" not in text
    start = f"stillroom-example 1.0: {name} is registered as {registry_of(group).noun}, but "
    assert text.startswith(start)
    return text.removeprefix(start)


def test_every_group_has_a_base_here() -> None:
    assert BASES.keys() == HOMES.keys()


@pytest.mark.parametrize("group", BASES)
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_kind_at_all_is_refused(folder: Path, group: str, wrong: str) -> None:
    words = "an instance" if group == "sections" else "a subclass"
    text = refusal(folder, group, "wrong", WRONG[wrong])
    assert text.endswith(f"Register {words} of {BASES[group]}.")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("undecorated", "its options, undecorated, are no dataclass. Decorate it"),
        ("inherits", "alpha of inherits is no field of a dataclass. Decorate the class"),
        ("bare", "its options, bare, are no dataclass"),
        ("without_build", "without_build does not define build. stillroom.objectives.kinds."),
        ("without_compares", "without_compares does not define compares."),
    ],
)
def test_a_term_that_lacks_something_is_refused(folder: Path, name: str, words: str) -> None:
    assert refusal(folder, "terms", name, RENYI).startswith(words)


def test_a_kind_that_adds_no_option_needs_no_decorator(folder: Path) -> None:
    install(folder, f"[stillroom.terms]\ninherits_all = {MODULE}:inherits_all\n")
    (folder / PACKAGE / "wrong.py").write_text(RENYI, encoding="utf-8")
    with installed(folder):
        assert registry_of("terms").load("inherits_all").__name__ == "inherits_all"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plain_options", "its options, Plain, are no dataclass"),
        ("no_class", "its options are {'sharpness': 1.0}. They must be a class with @pydantic"),
    ],
)
def test_a_teacher_without_typed_options_is_refused(folder: Path, name: str, words: str) -> None:
    assert refusal(folder, "teachers", name, TEACHER).startswith(words)


def test_options_that_fail_are_refused(folder: Path) -> None:
    text = refusal(folder, "sparsifiers", "fails", NUCLEUS)
    assert text.startswith("its options are RuntimeError('one")


def test_a_sparsifier_of_another_name_is_refused(folder: Path) -> None:
    code = "from stillroom_example.sparsifier import Nucleus as core"
    text = refusal(folder, "sparsifiers", "core", code)
    assert text == "its kind is 'nucleus'. Give the entry point and it the same name."
