"""A byte-level tokenizer with the special tokens of many families."""

from functools import cache

import tokenizers
from support.examples.corpus_examples import sentences

from stillroom.data.text.tokenizer import SpecialTokens, Tokenizer
from stillroom.data.text.train_tokenizer import train_tokenizer

SPECIAL = (
    *("<|im_start|>", "<|im_end|>", "<s>", "</s>", "<|begin_of_text|>", "<|start_header_id|>"),
    *("<|end_header_id|>", "<|eot_id|>", "<bos>", "<start_of_turn>", "<end_of_turn>", "<|user|>"),
    *("<|assistant|>", "<|system|>", "<|end|>", "[TOOL_CALLS]", "<|start|>", "<|message|>"),
    *("<|return|>", "<|channel|>"),
)
ADDED = ("<think>", "</think>", "<tool_call>", "</tool_call>")  # tokens, but not special ones


@cache
def chat_tokenizer(begin: str | None, end: str) -> Tokenizer:
    library = tokenizers.Tokenizer.from_str(train_tokenizer(sentences(200), 320).definition)
    library.add_special_tokens(list(SPECIAL))
    library.add_tokens([tokenizers.AddedToken(one, normalized=False) for one in ADDED])
    return Tokenizer(library.to_str(), SpecialTokens(begin=begin, end=end))


def ids_of(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return the ids by the library alone."""
    return _library(tokenizer.definition).encode(text, add_special_tokens=False).ids


@cache
def _library(definition: str) -> tokenizers.Tokenizer:
    return tokenizers.Tokenizer.from_str(definition)
