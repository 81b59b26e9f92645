"""Library facts: signatures and sentences against inspect and pydoc_data themselves."""

import ast
import textwrap

import pytest

from stillroom.data.chat.help.library_facts import (
    MODULES,
    CallableFacts,
    ParameterFacts,
    facts_document,
    first_sentence,
    library_facts,
)


def callables() -> dict[str, CallableFacts]:
    return {one.name: one for one in library_facts().callables}


def test_a_function_is_described_as_python_does() -> None:
    assert callables()["textwrap.indent"] == CallableFacts(
        module="textwrap",
        name="textwrap.indent",
        parameters=(
            ParameterFacts("text", None, by_keyword=False),
            ParameterFacts("prefix", None, by_keyword=False),
            ParameterFacts("predicate", "None", by_keyword=False),
        ),
        signature="indent(text, prefix, predicate=None)",
        sentence="Adds 'prefix' to the beginning of selected lines in 'text'.",
    )
    assert "Adds 'prefix'" in str(textwrap.indent.__doc__)


def test_a_method_has_no_self_and_a_keyword_is_one() -> None:
    assert "collections.ChainMap.pop" not in callables()  # it has *args
    extract = callables()["tarfile.TarFile.extractall"]
    assert extract.parameters[0].name == "path"
    by_keyword = {one.name: one.by_keyword for one in extract.parameters}
    assert by_keyword["numeric_owner"] and not by_keyword["members"]


def test_each_signature_parses_and_has_the_parameters() -> None:
    for one in library_facts().callables:
        code = ast.parse(f"def f{one.signature[one.signature.index('(') :]}: pass").body[0]
        assert isinstance(code, ast.FunctionDef)
        names = [
            arg.arg for arg in (*code.args.posonlyargs, *code.args.args, *code.args.kwonlyargs)
        ]
        assert names == [parameter.name for parameter in one.parameters]
        for parameter in one.parameters:
            if parameter.default is not None:
                ast.literal_eval(parameter.default)


def test_there_are_enough_and_no_address_stands_in_them() -> None:
    facts = library_facts()
    assert len(facts.callables) > 800
    assert len(facts.topics) > 60
    assert len({one.name for one in facts.callables}) == len(facts.callables)
    assert {one.module for one in facts.callables} <= set(MODULES)
    assert not any(" at 0x" in str(one) for one in facts.callables)
    titles = {one.name: one.title for one in facts.topics}
    assert titles["assert"] == 'The "assert" statement'
    assert all(one.sentence.endswith(".") for one in facts.callables)
    assert all(one.sentence.endswith(".") for one in facts.topics)


def test_what_this_process_changed_in_a_module_is_no_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    def indent(text: str, more: int = 1) -> str:
        """Do something else than before."""
        return text * more

    indent.__module__ = "textwrap"
    monkeypatch.setattr(textwrap, "indent", indent)
    changed = {one["name"]: one["signature"] for one in facts_document()["callables"]}
    assert changed["textwrap.indent"] == "indent(text, more=1)"
    library_facts.cache_clear()
    assert callables()["textwrap.indent"].signature == "indent(text, prefix, predicate=None)"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Return the sum of all. More.", "Return the sum of all."),
        ("Wrap a text\nto lines.\n\nMore.", "Wrap a text to lines."),
        ("Read version 3.11 of it.", "Read version 3.11 of it."),
        ("Return the value f(x). More.", "Return the value f(x)."),
        ("Take a list (e.g. one of names).", None),
        ("New in version 3.5.", None),
        ("Too short.", None),
        ("no capital letter here.", None),
        ("A sentence without an end", None),
        (f"Long {'x' * 200}.", None),
        ("", None),
    ],
)
def test_a_first_sentence(text: str, sentence: str | None) -> None:
    assert first_sentence(text) == sentence
