"""FLOPs: a model's forward pass and inputs in, floating-point operations of one example out.

    forward, inputs [N, *shape] ──one at a time, under torch's counter──> FLOPs, the mean

`torch.utils.flop_counter.FlopCounterMode` counts multiplications and additions separately, so 2
for each multiply-accumulate, in matrix products, convolutions and the two products of attention. It
leaves out everything else: activations, softmax, normalisation, pooling, embedding look-ups and the
addition of biases. Attention counts in full regardless of its mask, as if each position attended to
every other.
"""

from typing import Any

from stillroom.evaluation.cost.workload import Forward, Inputs, batches, require_inputs


def flops_of(forward: Forward, inputs: Inputs) -> int:
    """Return the mean FLOPs of an example, rounded to an integer.

    Args:
        forward: runs the model on one example, [1, *shape].
        inputs: [N, *shape]; each text counts with its own length, so the result is a mean.

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
    """Return the FLOP formula of the attention kernel on the CPU.

    Torch 2.13 has formulas only for the kernels of CUDA, so attention would count as 0 on a CPU
    (pytorch issue 195460).
    """
    import torch
    from torch.utils.flop_counter import sdpa_flop_count

    def flops(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
        return int(sdpa_flop_count(query, key, value))

    return {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: flops}
