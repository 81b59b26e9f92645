"""Adding an adapter: a model in; the same one with a frozen base and trained LoRA layers out.

    layer W ──> W x + (alpha / rank) B A x;  W is frozen, A is drawn from the seed, B is zero
    head of a classifier ──> a trained copy beside the frozen original

The model stays a model of its class, so that forward passes and losses need to know nothing of it.
"""

import logging
import warnings
from typing import TYPE_CHECKING

from stillroom.config.schema import Adapter
from stillroom.errors import ModelError
from stillroom.models.adapters.target_modules import WHOLE, target_modules

if TYPE_CHECKING:
    from torch.nn import Module
    from transformers import PreTrainedModel

_LOG = logging.getLogger(__name__)
NAME = "default"  # of the adapter in the model; peft's own


def add_adapter(model: "PreTrainedModel", adapter: Adapter, seed: int) -> None:
    """Freeze a model, and add the trained layers of an adapter to it.

    Args:
        model: the model, on the CPU.
        adapter: the section `student.adapter`.
        seed: the seed of the matrices A.

    Raises:
        ModelError: the layers cannot be found or adapted, or the model normalises by batches.
    """
    import torch
    from peft import LoraConfig, inject_adapter_in_model

    _require_no_batch_statistics(model)
    heads = trained_whole(model)
    config = LoraConfig(
        task_type=_task(model),
        r=adapter.rank,
        lora_alpha=adapter.alpha,
        lora_dropout=adapter.dropout,
        target_modules=target_modules(model, adapter.targets, heads),
        modules_to_save=heads or None,
    )
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft says what it corrects in its config
        torch.manual_seed(seed)
        try:
            inject_adapter_in_model(config, model, NAME)
        except ValueError as error:
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"peft cannot adapt the student ({reason}). {WHOLE}") from error
    parameters = list(model.parameters())
    trained = sum(one.numel() for one in parameters if one.requires_grad)
    total = sum(one.numel() for one in parameters)
    _LOG.info("The adapter trains %s of %s parameters", f"{trained:,}", f"{total:,}")


def is_adapted(model: "PreTrainedModel") -> bool:
    """Tell whether `add_adapter` has changed a model."""
    return NAME in getattr(model, "peft_config", {})


def trained_whole(model: "PreTrainedModel") -> list[str]:
    """Return the names of the modules of a classifier that an adapter trains whole.

    They are its head, and the pooler of its encoder: both may be new, with drawn weights. The
    output layer of a language model stays frozen.
    """
    if model.get_output_embeddings() is not None:
        return []
    base = model.base_model_prefix
    heads = [name for name, one in model.named_children() if name != base and _has_weights(one)]
    pooler = getattr(getattr(model, base, None), "pooler", None)
    return heads + ([f"{base}.pooler"] if pooler is not None and _has_weights(pooler) else [])


def _has_weights(module: "Module") -> bool:
    return next(module.parameters(), None) is not None


def _task(model: "PreTrainedModel") -> str | None:
    """Return peft's name of the task, by which it chooses the class that opens the adapter."""
    kind = type(model).__name__
    if kind.endswith("ForSequenceClassification"):
        return "SEQ_CLS"
    return "CAUSAL_LM" if kind.endswith(("ForCausalLM", "LMHeadModel")) else None


def _require_no_batch_statistics(model: "PreTrainedModel") -> None:
    """Refuse a model whose frozen layers would change while it is trained."""
    from torch.nn.modules.batchnorm import _BatchNorm

    for name, module in model.named_modules():
        if isinstance(module, _BatchNorm):
            raise ModelError(
                f"{type(model).__name__} normalises by batches ({name}): training changes the "
                f"statistics of its frozen base, which an adapter does not hold. {WHOLE}"
            )
