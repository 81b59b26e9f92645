"""llama2.c's two files, a checkpoint and a tokenizer, in; a Hugging Face directory out.

    model.bin ──checkpoint──> LlamaForCausalLM ─┐
    tok.bin ────vocabulary──> Tokenizer ────────┴─import_llama2c──> a folder for teacher.path

The format is that of github.com/karpathy/llama2.c, its first version ("legacy").
"""

from stillroom.teachers.llama2c.import_llama2c import import_llama2c

__all__ = ["import_llama2c"]
