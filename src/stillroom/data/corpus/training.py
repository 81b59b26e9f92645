"""Training a tokenizer: texts in, a byte-level BPE tokenizer out.

    texts ──split into words──> pairs of bytes that are joined most often ──> Tokenizer

Every byte is a token, so nothing is unknown. Equal texts give an equal tokenizer.
Source: Sennrich et al., arXiv 1508.07909, on the bytes of Radford et al. (GPT-2, 2019).
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from stillroom.data.tokenizer import Special, Tokenizer
from stillroom.errors import ConfigError

if TYPE_CHECKING:
    import tokenizers

BYTES = 256
END, MASK = "<|endoftext|>", "<|mask|>"
BEGIN, PADDING = "<|begin|>", "<|padding|>"


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Return a tokenizer of at most `vocabulary` tokens; few texts give fewer.

    Raises:
        ConfigError: the vocabulary has no room for the bytes.
    """
    made = _trained(texts, vocabulary, [END, MASK])
    return Tokenizer(made.to_str(), Special(end=END, padding=END, mask=MASK))


def train_enclosing_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Return one that puts a token before and one after a text, for classifiers.

    What such a model says of a text is read off the first token.

    Raises:
        ConfigError: as `train_tokenizer`.
    """
    from tokenizers import processors

    made = _trained(texts, vocabulary, [PADDING, BEGIN, END, MASK])
    made.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}",
        special_tokens=[(name, made.token_to_id(name)) for name in (BEGIN, END)],
    )
    special = Special(end=END, begin=BEGIN, padding=PADDING, mask=MASK)
    return Tokenizer(made.to_str(), special)


def _trained(
    texts: Iterable[str], vocabulary: int, special: Sequence[str]
) -> "tokenizers.Tokenizer":
    import tokenizers
    from tokenizers import decoders, models, pre_tokenizers, trainers

    smallest = BYTES + len(special)
    if vocabulary < smallest:
        raise ConfigError(
            f"data.text.vocabulary is {vocabulary}; every byte and {END} take {smallest}. "
            "Set at least that."
        )
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(special),
        # Sorted: the library's own order of the bytes differs from process to process.
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return made
