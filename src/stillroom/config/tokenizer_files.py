"""The names of the files that a tokenizer is made of, for its reader and for DVC.

tokenizer.json, or a vocabulary with its merges, or a model of SentencePiece ──┐
tokenizer_config.json, config.json, …: its class and its special tokens ───────┴──> a tokenizer
"""

from stillroom.config.model_files import CONFIG as MODEL_CONFIG

DEFINITION = "tokenizer.json"
CONFIG = "tokenizer_config.json"
# The files that `transformers` makes a tokenizer of. Those that name a class come last.
VOCABULARIES = (
    DEFINITION,
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "vocab.bpe",
    "encoder.json",
    "tekken.json",
)
MODELS = "*.model"  # of SentencePiece and tiktoken
CHAT_TEMPLATE, MORE_TEMPLATES, JINJA = "chat_template.jinja", "additional_chat_templates", ".jinja"
TOOL_TEMPLATE = f"{MORE_TEMPLATES}/tool_use{JINJA}"
CHAT_TEMPLATES = (CHAT_TEMPLATE, f"{MORE_TEMPLATES}/*{JINJA}")
SETTINGS = (CONFIG, "special_tokens_map.json", "added_tokens.json", MODEL_CONFIG)
