"""Growing text: the tokens are those of the whole tokenization, of any tokenizer."""

import random

import pytest
import tokenizers
from support.examples.chat_tokenizer import chat_tokenizer
from tokenizers import models, normalizers, pre_tokenizers

from stillroom.data.chat.turns.growing_text import GrowingText
from stillroom.data.chat.turns.marked_tokenizer import MarkedTokenizer
from stillroom.data.text.tokenizer import SpecialTokens, Tokenizer

SPECIAL = ("</s>", "</s>a", "<|im_end|>", "<s>")
PIECES = (*SPECIAL, "a", "  ", "\n", "cat", "naïve", "🎉", " the cat", "<|im_", "</s", "A")


def bytes_tokenizer() -> tokenizers.Tokenizer:
    library = tokenizers.Tokenizer.from_str(chat_tokenizer("<s>", "</s>").definition)
    library.add_special_tokens(["</s>a"])
    return library


def words_tokenizer(scheme: str, *, rstrip: bool = False) -> tokenizers.Tokenizer:
    """Return a tokenizer in the manner of SentencePiece."""
    vocabulary = [("<unk>", 0.0), ("▁", -2.0), ("▁the", -1.0), ("▁cat", -1.0), ("cat", -1.5)]
    letters = [(one, -3.0) for one in "acethnïv"]
    library = tokenizers.Tokenizer(models.Unigram([*vocabulary, *letters], unk_id=0))
    library.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    library.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    library.add_special_tokens(
        [tokenizers.AddedToken(one, rstrip=rstrip, normalized=False) for one in SPECIAL]
    )
    return library


LIBRARIES = {
    "bytes": bytes_tokenizer(),
    "first": words_tokenizer("first"),
    "always": words_tokenizer("always"),
    "blanks taken": words_tokenizer("always", rstrip=True),
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_tokens_are_those_of_the_text_alone(name: str) -> None:
    draw = random.Random(7)
    library = LIBRARIES[name]
    marked = MarkedTokenizer(Tokenizer(library.to_str(), SpecialTokens(end="</s>")))
    for _ in range(100):
        whole = "".join(draw.choices(PIECES, k=30))
        cuts = [draw.randint(0, len(whole)) for _ in range(4)]
        texts = [whole[:cut] + "".join(draw.choices(PIECES, k=draw.randint(0, 3))) for cut in cuts]
        (encoding,) = marked.encode([whole])
        growing = GrowingText(whole, encoding, marked).encode(texts)
        alone = [library.encode(text, add_special_tokens=False) for text in texts]
        assert [one.ids.tolist() for one in growing] == [one.ids for one in alone]
        assert [list(zip(one.starts, one.ends, strict=True)) for one in growing] == [
            one.offsets for one in alone
        ]


def test_only_what_follows_the_last_common_special_token_is_tokenized(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    marked = MarkedTokenizer(chat_tokenizer("<s>", "</s>"))
    whole = "a</s>" * 50
    (encoding,) = marked.encode([whole])
    seen: list[str] = []
    real = MarkedTokenizer.encode
    monkeypatch.setattr(
        MarkedTokenizer, "encode", lambda self, texts: seen.extend(texts) or real(self, texts)
    )
    GrowingText(whole, encoding, marked).encode([whole[:200] + "cat"])
    assert [len(text) for text in seen] == [27]  # from a token 19 characters earlier
