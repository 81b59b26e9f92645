"""Position limits: each architecture runs at the length that is claimed, and not beyond."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from transformers.models.auto import modeling_auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING, model_type_to_module_name

from stillroom.models.position_limits import AFTER_PADDING, longest_input

POSITIONS, PADDING = 20, 3
SIZES = {
    "hidden_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 40,
    "max_position_embeddings": POSITIONS,
    "pad_token_id": PADDING,
    "bos_token_id": 0,
    "eos_token_id": 2,
}
OPTIONS: dict[str, dict[str, Any]] = {
    "esm": {"mask_token_id": 4, "position_embedding_type": "absolute"},
    "layoutlmv3": {"max_2d_position_embeddings": 32, "coordinate_size": 4, "shape_size": 4}
    | {"visual_embed": False},
    "lilt": {"max_2d_position_embeddings": 32, "channel_shrink_ratio": 2},
    "longformer": {"attention_window": 4},
    "luke": {"entity_vocab_size": 10, "entity_emb_size": 8},
    "xmod": {"default_language": "en_XX", "languages": ["en_XX"]},
    "electra": {"embedding_size": 24},
    "opt": {"ffn_dim": 16, "word_embed_proj_dim": 24},
    "mpt": {"max_seq_len": POSITIONS},
}
# The largest number of tokens: 20 positions, less the padding id and one more; MPNet's id is 1.
LONGEST = dict.fromkeys(AFTER_PADDING, 16) | {"mpnet": 18}
LONGEST |= dict.fromkeys(
    ("bert", "distilbert", "electra", "gpt2", "mpt", "nystromformer", "opt", "yoso"), 20
)
CLASSIFIER, MASKED, CAUSAL = (
    modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
)
TASKS = {
    "AutoModelForSequenceClassification": CLASSIFIER,
    "AutoModelForMaskedLM": MASKED,
    "AutoModelForCausalLM": CAUSAL,
}
CASES = [
    (name, model_type, length)
    for name, models in TASKS.items()
    for model_type, length in sorted(LONGEST.items())
    if model_type in models
]


def config_of(model_type: str) -> Any:
    kind = CONFIG_MAPPING[model_type]
    own = {kind.attribute_map.get(name, name): value for name, value in SIZES.items()}
    return kind(**own | OPTIONS.get(model_type, {}))


def runs(model: Any, length: int) -> bool:
    tokens = torch.randint(5, 40, (1, length), generator=torch.Generator().manual_seed(0))
    try:
        with torch.no_grad():
            model(input_ids=tokens, attention_mask=torch.ones_like(tokens))
    except (IndexError, RuntimeError):
        return False
    return True


@pytest.mark.parametrize(("automatic", "model_type", "length"), CASES)
def test_a_model_runs_at_the_claimed_length_and_not_beyond(
    automatic: str, model_type: str, length: int
) -> None:
    config = config_of(model_type)
    config.is_decoder = automatic == "AutoModelForCausalLM"
    model = getattr(transformers, automatic).from_config(config).eval()
    assert longest_input(config) == length
    assert runs(model, length) and not runs(model, length + 1)


@pytest.mark.parametrize("model_type", ["bloom", "t5", "mamba"])
def test_a_model_without_a_table_of_positions_has_no_limit(model_type: str) -> None:
    assert longest_input(CONFIG_MAPPING[model_type]()) is None


def test_every_architecture_that_counts_from_the_padding_id_is_known() -> None:
    models = Path(transformers.__file__).parent / "models"
    given = set()
    for model_type in {*CLASSIFIER, *MASKED, *CAUSAL}:
        folder = models / model_type_to_module_name(model_type)
        file = folder / f"modeling_{model_type.replace('-', '_')}.py"
        if file.is_file() and "create_position_ids_from_input_ids" in file.read_text("utf-8"):
            given.add(model_type)
    # The table of TrOCR is larger than max_position_embeddings by what it skips.
    assert given - {"trocr"} == AFTER_PADDING
