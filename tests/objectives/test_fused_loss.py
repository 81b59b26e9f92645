"""The fused loss: value and gradients equal those of the dense loss, for every chunk size."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.objectives.term_cases import EVERY_TERM, NAMES, some_target

from stillroom.objectives import fused_loss as module
from stillroom.objectives.fused_loss import OutputLayer, fused_loss
from stillroom.objectives.mixture import BatchCounts, Mixture
from stillroom.objectives.response_losses import Term

ROWS, WIDTH, CLASSES = 7, 5, 11


def problem(
    seed: int, k: int, temperatures: tuple[float, ...], dtype: torch.dtype = torch.float64
) -> tuple:
    draws = torch.Generator().manual_seed(seed)
    hidden = torch.randn(ROWS, WIDTH, generator=draws, dtype=dtype).requires_grad_()
    weight = torch.randn(CLASSES, WIDTH, generator=draws, dtype=dtype).requires_grad_()
    bias = torch.randn(CLASSES, generator=draws, dtype=dtype).requires_grad_()
    labels = torch.randint(-1, CLASSES, (ROWS,), generator=draws)
    labels[0] = 3
    target = some_target(draws, ROWS, CLASSES, k, temperatures, dtype)
    return hidden, weight, bias, labels, target


def both(loss: Mixture, hidden, weight, bias, labels, target) -> tuple:  # type: ignore[no-untyped-def]
    dense = loss(hidden @ weight.T + bias, labels, target)
    expected = torch.autograd.grad(dense, (hidden, weight, bias))
    value = fused_loss(hidden, OutputLayer(weight, bias), labels, target, loss)
    return dense, expected, value, torch.autograd.grad(value, (hidden, weight, bias))


@pytest.mark.parametrize("k", [1, 4, CLASSES])
@pytest.mark.parametrize("hard", [0.0, 0.3])
@pytest.mark.parametrize("term", EVERY_TERM, ids=NAMES)
@pytest.mark.parametrize("chunk", [1, 3 * CLASSES, 2**26])
def test_value_and_gradients_are_those_of_the_dense_loss(
    monkeypatch: pytest.MonkeyPatch, term: Term, hard: float, k: int, chunk: int
) -> None:
    monkeypatch.setattr(module, "CHUNK", chunk)
    loss = Mixture(hard, ((1.0, term),))
    dense, expected, value, gradients = both(loss, *problem(k, k, loss.temperatures))
    assert torch.allclose(value, dense, rtol=1e-10)
    for ours, theirs in zip(gradients, expected, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-8, atol=1e-10)


@given(st.integers(0, 10_000))
def test_a_mixture_of_several_temperatures_is_the_dense_one(seed: int) -> None:
    loss = Mixture(0.2, tuple((0.5 + at, term) for at, term in enumerate(EVERY_TERM)))
    dense, expected, value, gradients = both(loss, *problem(seed, 4, loss.temperatures))
    assert torch.allclose(value, dense, rtol=1e-10)
    for ours, theirs in zip(gradients, expected, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-7, atol=1e-9)


def test_gradients_are_those_of_finite_differences() -> None:
    loss = Mixture(0.3, ((1.0, EVERY_TERM[0]),))
    hidden, weight, bias, labels, target = problem(1, 4, loss.temperatures)
    step, value = 1e-6, fused_loss(hidden, OutputLayer(weight, bias), labels, target, loss)
    value.backward()
    for tensor in (hidden, weight, bias):
        at = (0,) * tensor.dim()
        with torch.no_grad():
            values = []
            for move in (step, -2 * step):
                tensor[at] += move
                values.append(loss(hidden @ weight.T + bias, labels, target).item())
            tensor[at] += step
        assert tensor.grad[at].item() == pytest.approx(
            (values[0] - values[1]) / (2 * step), rel=1e-5
        )


def test_hard_labels_alone_need_no_entries() -> None:
    loss = Mixture(1.0, ())
    hidden, weight, bias, labels, target = problem(2, 4, (1.0,))
    none = type(target)(target.ids[:, :0], {})
    _dense, expected, value, gradients = both(loss, hidden, weight, bias, labels, none)
    mean = torch.nn.functional.cross_entropy(hidden @ weight.T + bias, labels, ignore_index=-1)
    assert value.item() == pytest.approx(mean.item())
    for ours, theirs in zip(gradients, expected, strict=True):
        assert torch.allclose(ours, theirs)


def test_under_autocast_the_products_are_half_and_the_loss_is_not() -> None:
    loss = Mixture(0.3, ((1.0, EVERY_TERM[0]),))
    hidden, weight, bias, labels, target = problem(3, 4, loss.temperatures, torch.float32)
    whole = fused_loss(hidden, OutputLayer(weight, bias), labels, target, loss)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = fused_loss(hidden, OutputLayer(weight, bias), labels, target, loss)
        logits = hidden @ weight.T + bias
        dense = loss(logits.float(), labels, target)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(dense.item(), rel=2e-2)
    assert value.item() != whole.item()
    gradients = torch.autograd.grad(value, (hidden, weight, bias))
    expected = torch.autograd.grad(dense, (hidden, weight, bias))
    for ours, theirs in zip(gradients, expected, strict=True):
        assert ours.dtype == torch.float32
        assert torch.allclose(ours, theirs, rtol=0.1, atol=0.02)


def test_what_needs_no_gradient_gets_none() -> None:
    loss = Mixture(0.0, ((1.0, EVERY_TERM[0]),))
    hidden, weight, _bias, labels, target = problem(4, 4, loss.temperatures)
    fused_loss(hidden, OutputLayer(weight.detach()), labels, target, loss).backward()
    dense = loss(hidden @ weight.detach().T, labels, target)
    assert torch.allclose(hidden.grad, torch.autograd.grad(dense, hidden)[0])


def test_a_scaled_loss_scales_its_gradients() -> None:
    loss = Mixture(0.0, ((1.0, EVERY_TERM[0]),))
    hidden, weight, _bias, labels, target = problem(5, 4, loss.temperatures)
    once = torch.autograd.grad(
        fused_loss(hidden, OutputLayer(weight), labels, target, loss), weight
    )[0]
    value = fused_loss(hidden, OutputLayer(weight), labels, target, loss) / 4
    assert torch.allclose(torch.autograd.grad(value, weight)[0], once / 4)


def test_a_second_backward_pass_is_refused() -> None:
    loss = Mixture(0.0, ((1.0, EVERY_TERM[0]),))
    hidden, weight, _, labels, target = problem(6, 4, loss.temperatures)
    value = fused_loss(hidden, OutputLayer(weight), labels, target, loss)
    value.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="one backward pass"):
        value.backward()


def test_a_compiled_model_calls_it_between_its_own_graphs() -> None:
    loss = Mixture(0.2, ((1.0, EVERY_TERM[0]),))
    hidden, weight, bias, labels, target = problem(0, 4, loss.temperatures)
    body = torch.nn.Linear(WIDTH, WIDTH).double()

    def step(inputs: torch.Tensor) -> torch.Tensor:
        states = torch.relu(body(inputs))
        return fused_loss(states, OutputLayer(weight, bias), labels, target, loss) * 2.0

    plain = step(hidden)
    expected = torch.autograd.grad(plain, (hidden, weight, body.weight))
    compiled = torch.compile(step, backend="aot_eager")(hidden)
    gradients = torch.autograd.grad(compiled, (hidden, weight, body.weight))
    assert torch.allclose(compiled, plain, rtol=1e-12)
    for ours, theirs in zip(gradients, expected, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-10, atol=1e-12)
    traced = torch._dynamo.explain(step)(hidden)
    assert (traced.graph_count, traced.graph_break_count) == (2, 1)  # before and after the loss


def test_no_rows_add_nothing() -> None:
    loss = Mixture(0.3, ((1.0, EVERY_TERM[0]),))
    hidden, weight, bias, labels, target = problem(0, 4, loss.temperatures)
    none = slice(0, 0)
    value = fused_loss(
        hidden[none],
        OutputLayer(weight, bias),
        labels[none],
        target.rows(none),
        loss,
        BatchCounts.of(labels),
    )
    gradients = torch.autograd.grad(value, (weight, bias))
    assert value.item() == 0
    assert all(not one.any() for one in gradients)


def test_parts_of_a_batch_add_up_to_it() -> None:
    loss = Mixture(0.3, ((1.0, EVERY_TERM[0]),))
    hidden, weight, bias, labels, target = problem(0, 4, loss.temperatures)
    head, counts = OutputLayer(weight, bias), BatchCounts.of(labels)
    whole = fused_loss(hidden, head, labels, target, loss)
    parts = [
        fused_loss(hidden[part], head, labels[part], target.rows(part), loss, counts)
        for part in (slice(0, 2), slice(2, ROWS))
    ]
    assert torch.allclose(sum(parts), whole, rtol=1e-12)


def test_sums_over_chunks_are_not_rounded_to_the_weights_own_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draws = torch.Generator().manual_seed(0)
    hidden = torch.randn(512, 16, generator=draws).bfloat16()
    weight = torch.randn(32, 16, generator=draws).bfloat16().requires_grad_()
    labels = torch.randint(32, (512,), generator=draws)
    loss = Mixture(0.3, ((1.0, EVERY_TERM[0]),))
    target = some_target(draws, 512, 32, 4, loss.temperatures, torch.float32)
    gradients = []
    for chunk in (2**26, 4 * 32):
        monkeypatch.setattr(module, "CHUNK", chunk)
        value = fused_loss(hidden, OutputLayer(weight), labels, target, loss)
        gradients.append(torch.autograd.grad(value, weight)[0])
    assert gradients[0].dtype == torch.bfloat16
    apart = (gradients[0] - gradients[1]).double().norm() / gradients[0].double().norm()
    assert apart < 3e-3  # the error of one bfloat16 is 2e-3; that of 128 rounded sums was 1.2e-2
