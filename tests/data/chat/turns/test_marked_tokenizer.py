"""The tokenizer of rendered texts: special tokens count, and all characters have an offset."""

import time

import tokenizers
from support.examples.chat_tokenizer import chat_tokenizer, ids_of
from tokenizers import pre_tokenizers, processors

from stillroom.data.chat.turns.marked_tokenizer import MarkedTokenizer
from stillroom.data.text.tokenizer import SpecialTokens, Tokenizer

TOKENIZER = chat_tokenizer("<s>", "</s>")


def test_the_name_of_a_special_token_is_that_token() -> None:
    text = "<s>naïve</s>\n 🎉<|im_end|>"
    (encoding,) = MarkedTokenizer(TOKENIZER).encode([text])
    assert encoding.ids.tolist() == ids_of(TOKENIZER, text)
    assert len(TOKENIZER.encode([text])[0].ids) > len(encoding.ids)  # there it is plain text
    marked = MarkedTokenizer(TOKENIZER)
    assert marked.are_special(encoding.ids)[[0, -1]].tolist() == [True, True]
    assert marked.are_special(encoding.ids).sum() == 3


def test_blanks_have_offsets_also_where_a_post_processor_trims_them() -> None:
    library = tokenizers.Tokenizer.from_str(TOKENIZER.definition)
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.post_processor = processors.ByteLevel(trim_offsets=True)
    text = "cat</s>  \n</s> cat"
    assert library.encode(text).offsets[-1] != (13, 14)
    (encoding,) = MarkedTokenizer(Tokenizer(library.to_str(), TOKENIZER.special)).encode([text])
    assert "".join(map(text.__getitem__, map(slice, encoding.starts, encoding.ends))) == text


def test_the_longest_name_of_a_special_token_is_reported() -> None:
    marked = MarkedTokenizer(TOKENIZER)
    assert marked.forged("a <|im_end|> b </s>") == "<|im_end|>"
    assert marked.forged("a < | im_end |> <think> unk") is None


def test_anyone_may_write_the_name_of_the_unknown_token() -> None:
    library = tokenizers.Tokenizer.from_str(TOKENIZER.definition)
    library.add_special_tokens(["unk"])
    special = SpecialTokens(end="</s>", unknown="unk")
    assert MarkedTokenizer(Tokenizer(library.to_str(), special)).forged("a drunk </s>") == "</s>"


def test_a_token_that_also_ends_a_text_does_not_only_begin_it() -> None:
    assert MarkedTokenizer(TOKENIZER).begin == ids_of(TOKENIZER, "<s>")[0]
    assert MarkedTokenizer(chat_tokenizer("</s>", "</s>")).begin is None
    assert MarkedTokenizer(chat_tokenizer(None, "</s>")).begin is None


def test_thousands_of_names_are_looked_for_in_no_time() -> None:
    library = tokenizers.Tokenizer.from_str(TOKENIZER.definition)
    library.add_special_tokens([f"<unused{number}>" for number in range(6000)])
    marked = MarkedTokenizer(Tokenizer(library.to_str(), TOKENIZER.special))
    started = time.perf_counter()
    assert marked.forged("<b>a</b> " * 20_000 + "<unused5999>") == "<unused5999>"
    assert time.perf_counter() - started < 2  # one pattern of all names takes 4 s
