"""FLOPs: a model's forward pass and inputs in, floating-point operations of one example out.

    forward, inputs [N, *shape] ──each alone, under torch's counter──> FLOPs, the mean

`torch.utils.flop_counter.FlopCounterMode` counts a multiplication and an addition apart, so 2 for
each multiply-accumulate, in matrix products, convolutions and the two products of attention. It
leaves out what is beside them: activations, softmax, normalisation, pooling, look-ups of
embeddings, and the additions of biases. Attention counts in full, whatever its mask hides, as if
each position saw every other.
"""

from typing import Any

from stillroom.evaluation.cost.workload import Forward, Inputs, batches, require_inputs


def flops_of(forward: Forward, inputs: Inputs) -> int:
    """Return the FLOPs of an example, to the nearest one.

    Args:
        forward: runs the model on one example, [1, *shape].
        inputs: [N, *shape]; of texts each counts with its own length, hence the mean.

    Raises:
        DataError: there is no input.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    require_inputs(inputs)
    counter = FlopCounterMode(display=False, custom_mapping=_attention_on_cpu())
    with counter, torch.inference_mode():
        for _, example in zip(inputs, batches(inputs, 1), strict=False):
            forward(example)
    return round(counter.get_total_flops() / len(inputs))


def _attention_on_cpu() -> dict[Any, Any]:
    """Return the formula of attention's kernel on the CPU.

    Torch 2.13 has one for those of CUDA alone: on a CPU attention would cost nothing (pytorch
    issue 195460).
    """
    import torch
    from torch.utils.flop_counter import sdpa_flop_count

    def flops(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
        return int(sdpa_flop_count(query, key, value))

    return {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: flops}
