"""Library facts: Python's own documentation in, what can be asked about it out.

    modules of the standard library ──signatures, docstrings──> CallableFacts, …
    pydoc_data.topics ──titles, first sentences──────────────> TopicFacts, …

The modules are imported in a process of their own: what other libraries have changed in modules of
this process changes no fact. Licence: the Python Software Foundation License.
"""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from stillroom.io.bounded_worker import run_bounded

# Written in Python and the same on every platform, and importing them has no effect.
MODULES = (
    *("argparse", "ast", "base64", "bdb", "calendar", "cmd", "code", "codecs", "collections"),
    *("configparser", "contextlib", "copy", "csv", "dataclasses", "difflib", "dis"),
    *("email.message", "email.utils", "enum", "filecmp", "fileinput", "fnmatch", "fractions"),
    *("ftplib", "functools", "getopt", "glob", "graphlib", "gzip", "heapq", "hmac", "html"),
    *("html.parser", "http.client", "http.cookies", "imaplib", "inspect", "ipaddress", "json"),
    *("linecache", "logging", "logging.handlers", "mailbox", "mimetypes", "optparse"),
    *("pathlib", "pickletools", "pkgutil", "plistlib", "poplib", "pprint", "pstats", "queue"),
    *("random", "re", "sched", "secrets", "shelve", "shlex", "shutil", "smtplib"),
    *("socketserver", "statistics", "string", "symtable", "tarfile", "tempfile", "textwrap"),
    *("threading", "timeit", "tokenize", "traceback", "tracemalloc", "types", "typing"),
    *("unittest.mock", "urllib.parse", "urllib.request", "uuid", "warnings", "wave", "weakref"),
    *("wsgiref.util", "xml.dom.minidom", "xml.etree.ElementTree", "xmlrpc.client"),
    *("zipapp", "zipfile"),
)
_MOST_PARAMETERS = 8
_SHORTEST, _LONGEST = 15, 160  # characters of a first sentence
_LONGEST_DEFAULT = 24
_SENTENCE = re.compile(r"(.+?\w\W?\.)(?=\s|$)")
# What follows is no sentence: "(e.g. a list)", "New in version 3.5."
_NO_END, _NO_START = ("e.g.", "i.e.", "etc."), ("New in version", "Changed in version")
_PLAIN = (type(None), bool, int, float, str)


@dataclass(frozen=True, slots=True)
class ParameterFacts:
    """A parameter of a callable.

    Attributes:
        name: its name.
        default: its default as Python writes it; None if a value must be given.
        by_keyword: whether it can only be given by keyword.
    """

    name: str
    default: str | None
    by_keyword: bool


@dataclass(frozen=True, slots=True)
class CallableFacts:
    """A function, a class or a method.

    Attributes:
        module: the module, such as "textwrap".
        name: the name with the module, such as "textwrap.wrap".
        parameters: in order, without `self`.
        signature: such as "wrap(text, width=70)".
        sentence: the first sentence of its documentation.
    """

    module: str
    name: str
    parameters: tuple[ParameterFacts, ...]
    signature: str
    sentence: str

    @property
    def short(self) -> str:
        """The name without the module."""
        return self.name.removeprefix(f"{self.module}.")


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """A topic of help(): its name, its title, and the first sentence below the title."""

    name: str
    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    """All callables and topics, sorted by name."""

    callables: tuple[CallableFacts, ...]
    topics: tuple[TopicFacts, ...]


@cache
def library_facts() -> LibraryFacts:
    """Return the facts of this version of Python; reading them takes about a second."""
    document = run_bounded(facts_document, subject="Python's own documentation")
    callables = (
        CallableFacts(**{**one, "parameters": tuple(ParameterFacts(*p) for p in one["parameters"])})
        for one in document["callables"]
    )
    return LibraryFacts(tuple(callables), tuple(TopicFacts(*one) for one in document["topics"]))


def facts_document() -> dict[str, Any]:
    """Return the facts as values for JSON; the names of modules decide the order."""
    callables = [one for name in MODULES for one in _of_module(import_module(name))]
    return {"callables": callables, "topics": list(_topics())}


def _of_module(module: ModuleType) -> Iterator[dict[str, Any]]:
    for name, value in _documented(module):
        try:
            parameters = [*inspect.signature(value).parameters.values()]
        except (TypeError, ValueError):
            continue
        if "." in name and parameters:  # the first one of a method is the object itself
            parameters = parameters[1:]
        sentence = first_sentence(inspect.getdoc(value) or "")
        known = [_parameter(one) for one in parameters]
        if sentence and 0 < len(known) <= _MOST_PARAMETERS and None not in known:
            yield {
                "module": module.__name__,
                "name": f"{module.__name__}.{name}",
                "parameters": known,
                "signature": f"{name}{_signature(parameters)}",
                "sentence": sentence,
            }


def _documented(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the public functions, classes and methods that a module defines, by name."""
    for name, value in sorted(vars(module).items()):
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            yield name, value
        elif type(value) is type:  # the signature of an Enum is that of its metaclass
            yield name, value
            for method, function in sorted(vars(value).items()):
                if inspect.isfunction(function) and not method.startswith("_"):
                    yield f"{name}.{method}", function


def _parameter(one: inspect.Parameter) -> tuple[str, str | None, bool] | None:
    """Return a parameter; None if it is *args, or if its default is no plain value."""
    if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) or one.name.startswith("_"):
        return None
    by_keyword = one.kind is one.KEYWORD_ONLY
    if one.default is one.empty:
        return one.name, None, by_keyword
    if type(one.default) not in _PLAIN or len(repr(one.default)) > _LONGEST_DEFAULT:
        return None
    return one.name, repr(one.default), by_keyword


def _signature(parameters: list[inspect.Parameter]) -> str:
    plain = [one.replace(annotation=one.empty) for one in parameters]
    return str(inspect.Signature(plain))


def first_sentence(text: str) -> str | None:
    """Return the first sentence of a text; None if it is short, long, or no plain prose."""
    match = _SENTENCE.match(" ".join(text.split("\n\n")[0].split()))
    if match is None or not _SHORTEST <= len(match[1]) <= _LONGEST:
        return None
    sentence = match[1]
    if sentence.endswith(_NO_END) or sentence.startswith(_NO_START):
        return None
    return sentence if sentence.isprintable() and sentence[0].isupper() else None


def _topics() -> Iterator[tuple[str, str, str]]:
    from pydoc_data.topics import topics

    for name, text in sorted(topics.items()):
        title, *paragraphs = text.split("\n\n")
        heading = title.split("\n")[0]
        sentences = (first_sentence(one) for one in paragraphs if not one.startswith(" "))
        sentence = next(filter(None, sentences), None)
        if sentence is not None:
            yield name, heading, sentence
