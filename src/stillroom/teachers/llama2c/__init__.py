"""llama2.c: a checkpoint file and a tokenizer file in, a Hugging Face directory out.

    model.bin ──checkpoint_file──> LlamaForCausalLM ─┐
    tok.bin ────tokenizer_file───> Tokenizer ────────┴─import_llama2c──> a folder for teacher.path

The format is that of github.com/karpathy/llama2.c, its first version ("legacy").
"""

from stillroom.teachers.llama2c.import_llama2c import import_llama2c

__all__ = ["import_llama2c"]
