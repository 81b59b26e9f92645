"""Import of llama2.c: transformers opens the folder, which is complete or not there."""

import os
from pathlib import Path

import pytest
from support.models.llama2c_file import write_checkpoint, write_vocabulary

from stillroom.data.text.tokenizer import read_tokenizer
from stillroom.errors import ModelError
from stillroom.models.pretrained.model_directory import load_model
from stillroom.teachers.llama2c import import_llama2c

DATA = Path(os.environ.get("DATA", "../shared/data")) / "stories260k"


def test_a_folder_holds_model_and_tokenizer(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "m.bin", True)
    write_vocabulary(tmp_path / "t.bin")
    folder = tmp_path / "models" / "small"
    import_llama2c(tmp_path / "m.bin", tmp_path / "t.bin", folder, tmp_path)
    assert load_model(folder).config.vocab_size == read_tokenizer(folder).size == 280
    with pytest.raises(ModelError, match=r"exists\. Choose another folder"):
        import_llama2c(tmp_path / "m.bin", tmp_path / "t.bin", folder, tmp_path)


def test_what_is_refused_leaves_no_folder(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "m.bin", True)
    (tmp_path / "t.bin").write_bytes(b"none")
    with pytest.raises(ModelError, match="different tokens"):
        import_llama2c(tmp_path / "m.bin", tmp_path / "t.bin", tmp_path / "models", tmp_path)
    assert not (tmp_path / "models").exists()


@pytest.mark.skipif(not DATA.is_dir(), reason=f"stories260k is not at {DATA}")
def test_the_model_of_the_stories_tells_one(tmp_path: Path) -> None:
    files = DATA / "stories260K.bin", DATA / "tok512.bin"
    import_llama2c(*files, tmp_path / "stories", tmp_path)
    model, tokenizer = load_model(tmp_path / "stories"), read_tokenizer(tmp_path / "stories")
    import torch

    begun = [
        *tokenizer.special_affixes()[0],
        *tokenizer.encode(["Once upon a time"])[0].ids.tolist(),
    ]
    story = model.generate(torch.tensor([begun]), max_new_tokens=40, do_sample=False)
    assert tokenizer.decode(story[0].tolist()).startswith(
        "Once upon a time, there was a little girl named Lily. She loved to play outside"
    )
