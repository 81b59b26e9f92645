"""Licence index: an identifier from a model card or a user in, its Terms or None out."""

from stillroom.teachers.licences.creative_commons import CREATIVE_COMMONS
from stillroom.teachers.licences.model_licences import MODELS
from stillroom.teachers.licences.open_source import OPEN_SOURCE
from stillroom.teachers.licences.service_terms import SERVICES
from stillroom.teachers.licences.terms import Terms

LICENCES: dict[str, Terms] = {**OPEN_SOURCE, **CREATIVE_COMMONS, **MODELS, **SERVICES}

# Other names of these licences, as model cards have them in `license_name`.
ALIASES = {
    "deepseek-license": "deepseek",
    "deepseek-license-agreement": "deepseek",
    "qwen-license": "qwen",
    "qwen-license-agreement": "qwen",
    "qwen-research-license": "qwen-research",
    "tongyi-qianwen-license-agreement": "tongyi-qianwen",
    "mistral-ai-research-license": "mrl",
    "gemma-terms-of-use": "gemma",
}

# The Hub has no identifier for these: a card has `license: other`, and these as `license_name`.
WITHOUT_HUB_IDENTIFIER = frozenset(
    {
        "deepseek",
        "tongyi-qianwen",
        "qwen",
        "qwen-research",
        "mrl",
        "mnpl",
        "stabilityai-ai-community",
        "own",
        *SERVICES,
    }
)


def normalised(identifier: str) -> str:
    """Return an identifier as a key of the index: lower case, hyphens, no spaces or underscores."""
    plain = "-".join(identifier.lower().replace("_", "-").split())
    return ALIASES.get(plain, plain)


def is_user_claim(identifier: str) -> bool:
    """Tell whether only the user can claim it: a model of their own, or a service's answers."""
    return identifier == "own" or identifier in SERVICES


def terms_of(identifier: str) -> Terms | None:
    """Return the terms of a normalised identifier, or None."""
    return LICENCES.get(identifier)
