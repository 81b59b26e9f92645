"""Folders with tokenizers as other programs leave them, each small, of the kinds in use."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tokenizers
import transformers
from tokenizers import models, normalizers, pre_tokenizers, trainers

WORDS = "the cat likes my aunt Über naïve café ÉCOLE 東京 大阪 hello HELLO straße don't 12,345.67 x"
TEXTS = [
    *(f"{' ' * (at % 4)}{word.upper()}  {word}\t{WORDS[at : at + 30]}\n{word}é"
      for at, word in enumerate(WORDS.split())),
    *(f"{word.title()} {word}s, {WORDS[2 * at : 2 * at + 40]}!"
      for at, word in enumerate(WORDS.split())),
    "日本語のテキスト", "中文 混合 English", "emoji 😀 👩\u200d👧 done", "e\u0301 é ﬁ ① Ⅷ",
    "    leading", "trailing    ", "\r\n\r\n", "ALL CAPS HERE", "MiXeD CaSe", "a\u00a0b\u3000c",
    "٣٤٥ १२३", "''\"\"``",
    "http://example.org/?a=b&c=d", "tab\tand\nnewline", "İstanbul ǅ ẞ", "x" * 120, "a\u200bb", "",
]  # fmt: skip
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAD_OBJECT = {"__type": "AddedToken", "content": "<pad>", "lstrip": False, "special": True}
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def word_pieces(specials: list[str]) -> dict[str, int]:
    """Return a vocabulary of WordPiece, with lower and upper case."""
    model = tokenizers.Tokenizer(models.WordPiece(unk_token=specials[1]))
    model.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    model.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    kinds = {"vocab_size": 400, "special_tokens": specials, "show_progress": False}
    model.train_from_iterator([*TEXTS, *map(str.lower, TEXTS)], trainers.WordPieceTrainer(**kinds))
    return model.get_vocab()


def pairs(specials: list[str], is_metaspace: bool = False) -> tuple[dict[str, int], list[Any]]:
    """Return a vocabulary and the merges of BPE, over bytes or over characters."""
    model = tokenizers.Tokenizer(models.BPE())
    blank = pre_tokenizers.Metaspace() if is_metaspace else pre_tokenizers.ByteLevel()
    model.pre_tokenizer = blank
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=specials,
        initial_alphabet=[] if is_metaspace else sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    model.train_from_iterator(TEXTS, trainer)
    document = json.loads(model.to_str())["model"]
    return document["vocab"], [tuple(pair) for pair in document["merges"]]


def pieces(specials: list[str]) -> list[tuple[str, float]]:
    """Return the pieces and scores of a unigram model."""
    model = tokenizers.Tokenizer(models.Unigram())
    model.normalizer, model.pre_tokenizer = normalizers.NFKC(), pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=200, show_progress=False, unk_token="<unk>")
    model.train_from_iterator(TEXTS, trainer)
    given = json.loads(model.to_str())["model"]["vocab"]
    own = [(piece, score) for piece, score in given if piece not in specials]
    return [*((special, 0.0) for special in specials), *own]


def saved(kind: str, folder: Path, model_type: str, config: dict[str, Any], **options: Any) -> Path:
    """Save a tokenizer of transformers, then replace its config by that of an old checkpoint."""
    getattr(transformers, kind)(**options).save_pretrained(folder)
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    return folder


def with_json(folder: Path, **fields: Any) -> Path:
    """Change fields of a tokenizer.json."""
    file = folder / "tokenizer.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))
    return folder


def _bert_normalizer(**options: Any) -> dict[str, Any]:
    given = {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None}
    return {"type": "BertNormalizer", "lowercase": True} | given | options


def _bert_uncased(folder: Path) -> Path:
    config = {"do_lower_case": True, "model_max_length": 512}
    saved("BertTokenizer", folder, "bert", config, vocab=word_pieces(BERT))
    return with_json(folder, normalizer=_bert_normalizer(lowercase=False))


def _bert_cased(folder: Path) -> Path:
    config = {"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False}
    saved("BertTokenizer", folder, "bert", config, vocab=word_pieces(BERT))
    return with_json(folder, normalizer=_bert_normalizer(lowercase=True))


def _bert_vocab_txt(folder: Path) -> Path:
    vocabulary = word_pieces(BERT)
    saved("BertTokenizer", folder, "bert", {"do_lower_case": True}, vocab=vocabulary)
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.__getitem__)))
    return folder


def _gpt2(folder: Path) -> Path:
    vocabulary, merges = pairs(["<|endoftext|>"])
    return saved(
        "GPT2Tokenizer", folder, "gpt2", {"model_max_length": 9}, vocab=vocabulary, merges=merges
    )


def _gpt2_merges_txt(folder: Path) -> Path:
    vocabulary, merges = pairs(["<|endoftext|>"])
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines))
    (folder / "config.json").write_text('{"model_type": "gpt2"}')
    return folder


def _roberta(folder: Path) -> Path:
    vocabulary, merges = pairs(ROBERTA)
    config = {"model_max_length": 512, "add_prefix_space": True}
    return saved("RobertaTokenizer", folder, "roberta", config, vocab=vocabulary, merges=merges)


def _xlm_roberta(folder: Path) -> Path:
    config = {"model_max_length": 512, "clean_up_tokenization_spaces": True}
    given = pieces(["<s>", "<pad>", "</s>", "<unk>"])
    return saved("XLMRobertaTokenizer", folder, "xlm-roberta", config, vocab=given)


def _t5(folder: Path) -> Path:
    config = {"extra_ids": 4, "eos_token": "</s>", "pad_token": PAD_OBJECT}
    given = pieces(["<pad>", "</s>", "<unk>"])
    return saved("T5Tokenizer", folder, "t5", config, vocab=given, extra_ids=4)


def _llama(folder: Path) -> Path:
    vocabulary, merges = pairs(["<unk>", "<s>", "</s>"], is_metaspace=True)
    config = {"add_bos_token": True, "add_eos_token": True, "tokenizer_class": "LlamaTokenizer"}
    return saved("LlamaTokenizer", folder, "llama", config, vocab=vocabulary, merges=merges)


def _qwen2(folder: Path) -> Path:
    vocabulary, merges = pairs(["<|endoftext|>"])
    added = {"content": "<|im_start|>", "special": True, "lstrip": False, "rstrip": False}
    config = {
        "tokenizer_class": "Qwen2Tokenizer",
        "added_tokens_decoder": {str(len(vocabulary)): added},
        "additional_special_tokens": ["<|im_start|>"],
        "eos_token": "<|im_start|>",
        "pad_token": "<|endoftext|>",
    }
    return saved("Qwen2Tokenizer", folder, "qwen2", config, vocab=vocabulary, merges=merges)


def _deberta_v2(folder: Path) -> Path:
    given = pieces(["[PAD]", "[CLS]", "[SEP]", "[UNK]"])
    config = {"do_lower_case": True, "vocab_type": "spm"}
    return saved("DebertaV2Tokenizer", folder, "deberta-v2", config, vocab=given)


def _mpnet(folder: Path) -> Path:
    specials = ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", "<mask>"]
    config = {"do_lower_case": True, "model_max_length": 512}
    return saved("MPNetTokenizer", folder, "mpnet", config, vocab=word_pieces(specials))


def _special_tokens_map(folder: Path) -> Path:
    _gpt2(folder)
    tokens = {"pad_token": {"content": "[P]", "lstrip": False}, "mask_token": "[M]"}
    (folder / "special_tokens_map.json").write_text(json.dumps(tokens))
    return folder


def definition_alone(folder: Path) -> Path:
    _bert_uncased(folder)
    for name in ("tokenizer_config.json", "config.json"):
        (folder / name).unlink()
    return folder


FOLDERS: dict[str, Callable[[Path], Path]] = {
    "bert-uncased": _bert_uncased,
    "bert-cased": _bert_cased,
    "bert-vocab-txt": _bert_vocab_txt,
    "gpt2": _gpt2,
    "gpt2-merges-txt": _gpt2_merges_txt,
    "roberta": _roberta,
    "xlm-roberta": _xlm_roberta,
    "t5": _t5,
    "llama": _llama,
    "qwen2": _qwen2,
    "deberta-v2": _deberta_v2,
    "mpnet": _mpnet,
    "special-tokens-map": _special_tokens_map,
}
