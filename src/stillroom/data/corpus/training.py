"""Training a tokenizer: texts in, a byte-level BPE tokenizer out.

    texts ──split into words──> pairs of bytes that are joined most often ──> Tokenizer

Every byte is a token, so nothing is unknown. Equal texts give an equal tokenizer.
Source: Sennrich et al., arXiv 1508.07909, on the bytes of Radford et al. (GPT-2, 2019).
"""

from collections.abc import Iterable

from stillroom.data.tokenizer import Special, Tokenizer
from stillroom.errors import ConfigError

END, MASK = "<|endoftext|>", "<|mask|>"
SMALLEST = 256 + 2  # every byte, and the special tokens


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Return a tokenizer of at most `vocabulary` tokens; few texts give fewer.

    Raises:
        ConfigError: the vocabulary has no room for the bytes.
    """
    import tokenizers
    from tokenizers import decoders, models, pre_tokenizers, trainers

    if vocabulary < SMALLEST:
        raise ConfigError(
            f"data.text.vocabulary is {vocabulary}; every byte and {END} take {SMALLEST}. "
            "Set at least that."
        )
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END, MASK],
        # Sorted: the library's own order of the bytes differs from process to process.
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return Tokenizer(made.to_str(), Special(end=END, padding=END, mask=MASK))
