"""Tiny models that hostile attempts are made of: each is built once and copied.

kind ──> a template folder of this process ──copied──> project/models/big
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from support.hostile.doors.texts import TEXT
from support.hostile.projects import ROOT, empty_project
from support.hostile.raw_files import RAW, raw

from stillroom.data.text.tokenizer import Tokenizer, write_tokenizer
from stillroom.data.text.train_tokenizer import train_tokenizer

BIG = "models/big"
CARD = "---\nlicense: apache-2.0\n---\n"
LENGTH = 32


@cache
def tokenizer() -> Tokenizer:
    """Return a byte-level tokenizer of the texts of these attempts."""
    return train_tokenizer(TEXT.split("\n\n"), 300)


@cache
def causal_template() -> Path:
    """Return the folder of a GPT-2 of two layers."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = _folder()
    torch.manual_seed(0)
    sizes = {"n_positions": LENGTH, "n_embd": 16, "n_layer": 2, "n_head": 2}
    GPT2LMHeadModel(GPT2Config(vocab_size=tokenizer().size, **sizes)).save_pretrained(folder)
    write_tokenizer(tokenizer(), folder)
    (folder / "README.md").write_text(CARD)
    return folder


@cache
def sentence_template() -> Path:
    """Return the folder of a sentence encoder."""
    from support.examples.text_examples import sentence_folder

    folder = sentence_folder(_folder() / "encoder")
    (folder / "README.md").write_text(CARD)
    return folder


@cache
def gguf_template() -> Path:
    """Return the folder of a GGUF file."""
    import gguf
    from support.models.gguf_file import write_gguf

    folder = _folder()
    write_gguf(folder / "m.gguf", tokenizer(), gguf.GGMLQuantizationType.Q8_0)
    return folder


@cache
def onnx_template() -> Path:
    """Return the folder of a classifier of the quick project's images, exported to ONNX."""
    import torch

    from stillroom.data.encoders import read_encoder
    from stillroom.export.onnx import export_onnx
    from stillroom.models.pretrained.model_directory import load_model

    made = shutil.copytree(
        distilled_template() / "data/03_teachers/ensemble/member_0", _folder() / "m"
    )
    encoder = read_encoder(made, "preprocessor_config.json")
    inputs = torch.zeros(4, *encoder.shape).numpy()
    export_onnx(load_model(made), inputs, made / "model.onnx")
    (made / "README.md").write_text(CARD)
    return made


@cache
def distilled_template() -> Path:
    """Return a project after a whole small run."""
    from support.command_line import command, quick_project

    project = quick_project(empty_project(_folder() / "project"))
    ran = command(project, "kedro", "run", "--pipeline=distill", PYTHONPATH=str(ROOT / "src"))
    if ran.returncode:
        raise RuntimeError(ran.stdout + ran.stderr)
    return project


def causal_model(project: Path) -> Path:
    """Put the GPT-2 into a project, with a corpus; return its folder."""
    raw(project, "a.txt", TEXT)
    return shutil.copytree(causal_template(), project / BIG)


def causal_settings() -> dict[str, str]:
    """Return the parameters that make the GPT-2 a teacher."""
    return {
        "groups.experiment": "causal_lm",
        "data.path": RAW,
        "data.text.length": str(LENGTH),
        "data.documents.cut": "paragraph",
        "teacher.source": "given",
        "teacher.path": BIG,
        "teacher.licence": "own",
    }


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="stillroom-hostile-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
