"""Position limits: the config of a model in, the largest number of tokens that it takes out.

    config ──first_position──> 0, or the padding id + 1 ──longest_input──> tokens

RoBERTa and its relatives number the tokens of a text from the padding id + 1. So a table of 514
positions holds texts of 512 tokens.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

# The model types of transformers whose first position is the padding id + 1.
AFTER_PADDING = frozenset(
    {
        "camembert",
        "data2vec-text",
        "esm",
        "ibert",
        "layoutlmv3",
        "lilt",
        "longformer",
        "luke",
        "markuplm",
        "mpnet",
        "roberta",
        "roberta-prelayernorm",
        "xlm-roberta",
        "xlm-roberta-xl",
        "xmod",
    }
)
# MPNet's code has this id, regardless of its config.
MPNET_PADDING = 1
# The names of the limit; a config that has the first one does not use the others.
LIMITS = ("max_position_embeddings", "max_seq_len", "max_target_positions")


def first_position(model_type: str, padding: int | None) -> int:
    """Return the number of the first position of a text.

    Args:
        model_type: as in a config.json.
        padding: the padding id of the model.
    """
    if model_type not in AFTER_PADDING:
        return 0
    return 1 + (MPNET_PADDING if model_type == "mpnet" else padding or 0)


def longest_input(config: "PreTrainedConfig") -> int | None:
    """Return the largest number of tokens of an input; None if the config has no limit."""
    limits = (getattr(config, name, None) for name in LIMITS)
    positions: Any = next((limit for limit in limits if isinstance(limit, int)), None)
    if positions is None:
        return None
    padding = getattr(config, "pad_token_id", None)
    return int(positions) - first_position(config.model_type, padding)
