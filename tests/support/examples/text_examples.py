"""A few real, labelled texts, their encoder, and a sentence encoder's folder."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from support.examples.data_config import a_data

from stillroom.config.schema.data_schema import Data
from stillroom.data.encoders import TokenEncoder
from stillroom.data.text.tokenizer import write_tokenizer
from stillroom.data.text.train_tokenizer import train_tokenizer

ABOUT = {
    "card": ("my card", "the new card", "a stolen card"),
    "money": ("the transfer", "my salary", "a payment"),
    "app": ("this app", "the login page", "my phone"),
}
OPENINGS = (
    "where is {}?",
    "what is wrong with {}",
    "I cannot find {} anywhere!",
    "{} is late again",
)
BERT = {
    "model_type": "bert",
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
LENGTH = 24


def texts(count: int) -> list[tuple[str, str]]:
    """Return different texts, each with its class."""
    draws = np.random.default_rng(0)
    rows = []
    for number in range(count):
        label = list(ABOUT)[number % 3]
        sentence = str(draws.choice(OPENINGS)).format(draws.choice(ABOUT[label]))
        rows.append((f"{sentence} {'please ' * int(draws.integers(0, 3))}{number}", label))
    return rows


TOKENIZER = train_tokenizer([text for text, _ in texts(90)], 320, "classification")
ENCODER = TokenEncoder.of(TOKENIZER, tuple(sorted(ABOUT)), LENGTH)


def frame(*given: str) -> pl.DataFrame:
    """Return rows of texts."""
    return pl.DataFrame({"text": list(given)}, schema={"text": pl.String})


def text_data(**changes: Any) -> Data:
    """Return the section `data` for a table of texts that is read as tokens."""
    text = {"encoding": "tokens", "vocabulary": 320, "length": LENGTH} | changes.pop("text", {})
    return a_data(**({"columns": {"text": "text"}, "text": text} | changes))


def text_table(path: Path, count: int = 150) -> None:
    """Write texts as a CSV table."""
    pl.DataFrame(texts(count), schema=["text", "label"], orient="row").write_csv(path)


def sentence_folder(folder: Path, **pooling: bool) -> Path:
    """Write a small, untrained sentence encoder, as sentence-transformers does."""
    import torch
    from transformers import BertConfig, BertModel

    folder.mkdir(parents=True)
    torch.manual_seed(0)
    sizes = {name: value for name, value in BERT.items() if name != "model_type"}
    config = BertConfig(
        vocab_size=TOKENIZER.size,
        pad_token_id=TOKENIZER.padding,
        max_position_embeddings=40,
        **sizes,
    )
    BertModel(config).save_pretrained(folder)
    write_tokenizer(TOKENIZER, folder)
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    modules = [
        {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for at, (path, kind) in enumerate(kinds.items())
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    chosen = pooling or {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(chosen))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": LENGTH}))
    return folder
