"""Training a tokenizer: texts in, a byte-level BPE tokenizer out.

    texts ──split into words──> pairs of bytes that are joined most often ──> Tokenizer

Every byte is a token, so nothing is unknown. Equal texts give an equal tokenizer. One for hidden
tokens or for classification has BERT's special ones, and puts [CLS] and [SEP] around a text: what a
classifier says of a text is read off the first token.

Source: Sennrich et al., arXiv 1508.07909, on the bytes of Radford et al. (GPT-2, 2019).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from stillroom.data.text.tokenizer import Special, Tokenizer
from stillroom.errors import ConfigError

if TYPE_CHECKING:
    import tokenizers

Task = Literal["next_token", "masked_token", "classification"]
END, MASK = "<|endoftext|>", "<|mask|>"
OF_BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
BYTES = 256


def train_tokenizer(texts: Iterable[str], vocabulary: int, task: Task = "next_token") -> Tokenizer:
    """Return a tokenizer of at most `vocabulary` tokens; few texts give fewer.

    Raises:
        ConfigError: the vocabulary has no room for the bytes.
    """
    import tokenizers
    from tokenizers import decoders, models, pre_tokenizers, trainers

    specials = [END, MASK] if task == "next_token" else list(OF_BERT)
    smallest = BYTES + len(specials)
    if vocabulary < smallest:
        raise ConfigError(
            f"data.text.vocabulary is {vocabulary}; every byte and {', '.join(specials)} take "
            f"{smallest}. Set at least that."
        )
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=specials,
        # Sorted: the library's own order of the bytes differs from process to process.
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    if task == "next_token":
        return Tokenizer(made.to_str(), Special(end=END, padding=END, mask=MASK))
    return _of_bert(made)


def _of_bert(made: "tokenizers.Tokenizer") -> Tokenizer:
    from tokenizers import processors

    padding, unknown, first, last, mask = OF_BERT
    made.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} $B:1 {last}:1",
        special_tokens=[(name, made.token_to_id(name)) for name in (first, last)],
    )
    return Tokenizer(made.to_str(), Special(padding=padding, unknown=unknown, mask=mask))
