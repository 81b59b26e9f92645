"""Table: an identifier as a card or a person writes it in, its Terms out, or nothing."""

from stillroom.teachers.licences.creative_commons import CREATIVE_COMMONS
from stillroom.teachers.licences.model_licences import MODELS
from stillroom.teachers.licences.open_source import OPEN_SOURCE
from stillroom.teachers.licences.service_terms import SERVICES
from stillroom.teachers.licences.terms import Terms

TABLE: dict[str, Terms] = {**OPEN_SOURCE, **CREATIVE_COMMONS, **MODELS, **SERVICES}

# Other names of the same, as cards have them in `license_name`.
ALSO = {
    "deepseek-license": "deepseek",
    "deepseek-license-agreement": "deepseek",
    "qwen-license": "qwen",
    "qwen-license-agreement": "qwen",
    "qwen-research-license": "qwen-research",
    "tongyi-qianwen-license-agreement": "tongyi-qianwen",
    "mistral-ai-research-license": "mrl",
    "gemma-terms-of-use": "gemma",
}

# What the Hub has no identifier for: cards say `license: other`, and this as `license_name`.
NAMED = frozenset(
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
    """Return an identifier as the table has it: lower case, hyphens for spaces and underscores."""
    plain = "-".join(identifier.lower().replace("_", "-").split())
    return ALSO.get(plain, plain)


def is_own_word(identifier: str) -> bool:
    """Tell whether only who asks can say it: that the teacher is theirs, or by which service."""
    return identifier == "own" or identifier in SERVICES


def terms_of(identifier: str) -> Terms | None:
    """Return what the table knows of an identifier that is normalised."""
    return TABLE.get(identifier)
