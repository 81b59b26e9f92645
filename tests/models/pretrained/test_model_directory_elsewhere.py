"""What is exported opens without Stillroom: the Auto classes give the same answers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image
from support.examples.corpus_examples import BERT, GPT2, sentences

from stillroom.data.encoders import ArrayEncoder, Encoder, SequenceEncoder, TokenEncoder
from stillroom.data.text.tokenizer import read_tokenizer
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.models.architecture_registry import build
from stillroom.models.forward.forward_kwargs import forward_kwargs
from stillroom.models.pretrained.image_processor import write_image_processor
from stillroom.models.pretrained.model_directory import load_model, read_encoder, save_model
from stillroom.models.shape import Shape

MESSAGES = [{"role": "user", "content": "the cat sees nobody."}]
TEXT, CLASSES = "a dog likes my aunt.", ("no", "yes", "perhaps")
ONE = "{% for m in messages %}{{ m.content }}{% endfor %}"
TWO = "{{ tools[0].name }} {{ messages[0].content }}"
PROGRAM = """
import json, sys
from pathlib import Path
sys.modules["stillroom"] = None
import torch, transformers
from PIL import Image

folder, messages, text = Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]

def model(task, name):
    return getattr(transformers, f"AutoModelFor{task}").from_pretrained(folder / name).eval()

def tokenizer(name):
    return transformers.AutoTokenizer.from_pretrained(folder / name)

chat, masked, words = tokenizer("chat"), tokenizer("masked"), tokenizer("words")
pixels = transformers.AutoImageProcessor.from_pretrained(folder / "image")(
    Image.open(folder / "image.png"), return_tensors="pt")
encoded = chat.apply_chat_template(messages, return_tensors="pt", return_dict=True)
with torch.no_grad():
    classes = model("SequenceClassification", "words")
    images = model("ImageClassification", "image")
    answers = {
        "chat": model("CausalLM", "chat")(**encoded).logits[0],
        "masked": model("MaskedLM", "masked")(**masked(text, return_tensors="pt")).logits[0],
        "words": classes(**words(text, return_tensors="pt")).logits[0],
        "image": images(**pixels).logits[0],
    }
torch.save(answers, folder / "answers.pt")
tools = chat.apply_chat_template(messages, tools=[{"name": "T"}], tokenize=False)
named = {number: name for number, name in classes.config.id2label.items()}
generated = model("CausalLM", "chat").generate(**encoded, max_new_tokens=3, do_sample=False)
new = generated.shape[1] - encoded["input_ids"].shape[1]
print(json.dumps({"tools": tools, "named": named, "new": new}))
"""


def image_encoder() -> ArrayEncoder:
    mean, scale = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    sizes: dict[str, Any] = {"shape": (3, 8, 8), "raw_shape": (8, 8, 3)}
    return ArrayEncoder(kind="image", classes=CLASSES, mean=mean, scale=scale, **sizes)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Save a student of each kind; open all in a process that cannot import Stillroom."""
    folder = tmp_path_factory.mktemp("exports")
    tokenizer = train_tokenizer(sentences(40), 300)
    chat = SequenceEncoder(
        tokenizer=tokenizer, task="next_token", length=64, chat_template=ONE, tool_template=TWO
    )
    masked = SequenceEncoder(tokenizer=tokenizer, task="masked_token", length=64)
    words = TokenEncoder.of(tokenizer, CLASSES, 64)
    students: dict[str, tuple[Encoder, str, dict[str, Any]]] = {
        "chat": (chat, "transformer", GPT2),
        "masked": (masked, "transformer", BERT),
        "words": (words, "transformer", BERT),
        "image": (image_encoder(), "resnet", {"hidden_sizes": [8], "depths": [1]}),
    }
    for name, (encoder, architecture, options) in students.items():
        model = build(architecture, options, Shape.of(encoder), seed=3)
        save_model(model.eval(), encoder, folder / name)
    write_image_processor(image_encoder(), folder / "image")
    Image.fromarray(pixels()).save(folder / "image.png")
    program = [sys.executable, "-c", PROGRAM, str(folder), json.dumps(MESSAGES), TEXT]
    run = subprocess.run(program, check=True, capture_output=True, text=True)
    return folder, json.loads(run.stdout.splitlines()[-1])


def pixels() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)


def ids(folder: Path, text: str, *, special: bool) -> torch.Tensor:
    tokenizer = read_tokenizer(folder)
    before, after = tokenizer.special_affixes() if special else ([], [])
    return torch.tensor([[*before, *tokenizer.encode([text])[0].ids.tolist(), *after]])


def own_answer(folder: Path, name: str) -> torch.Tensor:
    """Return what Stillroom's own loader and encoder give."""
    model, encoder = load_model(folder / name), read_encoder(folder / name)
    if name == "chat":
        inputs = {"input_ids": ids(folder / name, MESSAGES[0]["content"], special=False)}
    elif name == "masked":
        inputs = {"input_ids": ids(folder / name, TEXT, special=True)}
    else:
        column = {"text": [TEXT]} if name == "words" else {"image": [pixels().tobytes()]}
        encoded = torch.from_numpy(encoder.encode(pl.DataFrame(column)))
        inputs = forward_kwargs(model, encoded)
    with torch.no_grad():
        return model(**inputs).logits[0]


@pytest.mark.parametrize("name", ["chat", "masked", "words", "image"])
def test_it_answers_the_same_without_stillroom(
    name: str, opened: tuple[Path, dict[str, Any]]
) -> None:
    folder, _ = opened
    theirs = torch.load(folder / "answers.pt", weights_only=True)[name]
    torch.testing.assert_close(theirs, own_answer(folder, name), rtol=1e-4, atol=1e-5)


def test_both_templates_the_classes_and_generation_are_there(
    opened: tuple[Path, dict[str, Any]],
) -> None:
    _, said = opened
    assert said["tools"] == "T the cat sees nobody."
    assert list(said["named"].values()) == list(CLASSES)
    assert 1 <= said["new"] <= 3
