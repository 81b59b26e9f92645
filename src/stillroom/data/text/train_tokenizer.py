"""Training a tokenizer: texts in, a byte-level BPE tokenizer out.

    texts ──split into words──> the most frequent pairs of tokens, merged ──> Tokenizer

Every byte is a token, so no text is unknown. Equal texts give an equal tokenizer. That of
conversations has the special tokens of ChatML, and ends a text with a turn. For masked tokens and
for classification, the tokenizer has the special tokens of BERT, and puts [CLS] and [SEP]
around a text, because a classifier computes its logits from the first token. Training takes time
with the square of a word's length, so it sees a word of more than `LONGEST_WORD` bytes in pieces.

Source: Sennrich et al., arXiv 1508.07909, on the bytes of Radford et al. (GPT-2, 2019).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from stillroom.data.text.tokenizer import SpecialTokens, Tokenizer
from stillroom.errors import ConfigError

if TYPE_CHECKING:
    import tokenizers

Task = Literal["next_token", "masked_token", "classification", "chat"]
END, MASK = "<|endoftext|>", "<|mask|>"
TURN, TURN_END = "<|im_start|>", "<|im_end|>"  # of ChatML
BERT_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SPECIALS = {"next_token": (END, MASK), "chat": (END, TURN, TURN_END)}
BYTES = 256
LONGEST_WORD = 10_000  # bytes; a run of 100,000 signs without a break took 20 seconds


def train_tokenizer(texts: Iterable[str], vocabulary: int, task: Task = "next_token") -> Tokenizer:
    """Return a tokenizer of at most `vocabulary` tokens; few texts give fewer.

    Raises:
        ConfigError: the vocabulary is too small for the bytes.
    """
    import tokenizers
    from tokenizers import decoders, models, pre_tokenizers, trainers

    specials = list(SPECIALS.get(task, BERT_TOKENS))
    smallest = BYTES + len(specials)
    if vocabulary < smallest:
        raise ConfigError(
            f"data.text.vocabulary is {vocabulary}, but the bytes and {', '.join(specials)} need "
            f"{smallest}. Set it to at least {smallest}."
        )
    bpe = tokenizers.Tokenizer(models.BPE())
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [words, pre_tokenizers.FixedLength(length=LONGEST_WORD)]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=specials,
        # Sorted, because the library returns the bytes in a different order in each process.
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    bpe.pre_tokenizer = words
    if task == "next_token":
        return Tokenizer(bpe.to_str(), SpecialTokens(end=END, padding=END, mask=MASK))
    if task == "chat":
        return Tokenizer(bpe.to_str(), SpecialTokens(end=TURN_END, padding=END))
    return _bert_tokenizer(bpe)


def _bert_tokenizer(bpe: "tokenizers.Tokenizer") -> Tokenizer:
    from tokenizers import processors

    padding, unknown, first, last, mask = BERT_TOKENS
    bpe.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} $B:1 {last}:1",
        special_tokens=[(name, bpe.token_to_id(name)) for name in (first, last)],
    )
    return Tokenizer(bpe.to_str(), SpecialTokens(padding=padding, unknown=unknown, mask=mask))
