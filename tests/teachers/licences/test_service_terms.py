"""Terms of services: forbidden, or unknown if we have not read them."""

import pytest

from stillroom.teachers.licences.service_terms import SERVICES


@pytest.mark.parametrize(
    ("identifier", "verdict"),
    [
        ("openai-terms", "forbidden"),
        ("anthropic-terms", "forbidden"),
        ("gemini-terms", "forbidden"),
        ("xai-terms", "forbidden"),
        ("mistral-terms", "conditions"),
        ("deepseek-terms", "allowed"),
        ("cohere-terms", "unknown"),
    ],
)
def test_each_service_has_its_verdict(identifier: str, verdict: str) -> None:
    assert SERVICES[identifier].verdict == verdict


def test_terms_change_so_what_was_read_has_a_date() -> None:
    for terms in SERVICES.values():
        assert terms.verdict == "unknown" or "20" in terms.source
