"""The table of the terms: what each declares, worked out from the formulas."""

import subprocess
import sys

import pytest

from stillroom.objectives.kinds.term_kind import AnswerTermKind, FeatureTermKind
from stillroom.objectives.term_registry import REGISTRY

FEATURES = {
    "hidden_mse",
    "hidden_cosine",
    "attention_transfer",
    "rkd_distance",
    "rkd_angle",
    "similarity_preserving",
}


def declaring(attribute: str) -> set[str]:
    return {name for name in REGISTRY.builtin if getattr(REGISTRY.load(name), attribute, False)}


def test_terms_compare_answers_or_features() -> None:
    for name in REGISTRY.builtin:
        wanted = FeatureTermKind if name in FEATURES else AnswerTermKind
        assert issubclass(REGISTRY.load(name), wanted), name


@pytest.mark.parametrize(
    ("attribute", "names"),
    [
        ("needs_head", {"reverse_kl", "decoupled_topk"}),
        ("needs_support", {"reverse_kl"}),  # KL(q || p) divides by p
        ("fixed_temperature", {"decoupled_topk"}),
        ("treats_missing", {"dkd", "decoupled_topk"}),
        ("is_linear", {"forward_kl"}),  # its gradient is linear in p
        ("needs_positions", {"attention_transfer"}),
    ],
)
def test_what_a_term_needs(attribute: str, names: set[str]) -> None:
    assert declaring(attribute) == names


def test_the_kinds_are_loaded_without_torch() -> None:
    code = (
        "import importlib.util, sys\n"
        "from stillroom.registry import registry_of\n"
        "[registry_of('terms').load(name) for name in registry_of('terms').builtin]\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
