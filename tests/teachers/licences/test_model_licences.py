"""Licences of models: each verdict, by its clause."""

import pytest

from stillroom.teachers.licences.model_licences import MODELS


@pytest.mark.parametrize(
    ("identifier", "verdict", "section"),
    [
        ("llama2", "forbidden", "section 1.b.v"),
        ("llama3", "forbidden", "section 1.b.v"),
        ("llama3.1", "conditions", "section 1.b.i"),
        ("llama3.2", "conditions", "section 1.b.i"),
        ("llama3.3", "conditions", "section 1.b.i"),
        ("llama4", "conditions", "section 1.b.i"),
        ("gemma", "conditions", "1.1(e), 3.1 and 3.2"),
        ("qwen", "conditions", "section 5.b"),
        ("qwen-research", "conditions", "4.b"),
        ("tongyi-qianwen", "forbidden", "section 5.b"),
        ("deepseek", "conditions", "attachment A"),
        ("openrail++", "conditions", "attachment A"),
        ("mrl", "conditions", "section 3.2"),
        ("stabilityai-ai-community", "forbidden", "section IV(b)"),
    ],
)
def test_each_verdict_has_its_section(identifier: str, verdict: str, section: str) -> None:
    assert MODELS[identifier].verdict == verdict
    assert section in MODELS[identifier].source


def test_a_student_of_llama_is_named_after_it_and_free_in_its_licence() -> None:
    terms = MODELS["llama3.1"]
    assert terms.conditions == (
        'Begin the name of a student that you give to others with "Llama".',
    )
    assert terms.student is None
    assert any("Built with Llama" in one for one in terms.layers)


@pytest.mark.parametrize("identifier", ["gemma", "deepseek", "openrail", "bigcode-openrail-m"])
def test_where_the_terms_go_on_the_student_carries_them(identifier: str) -> None:
    assert MODELS[identifier].student == identifier
