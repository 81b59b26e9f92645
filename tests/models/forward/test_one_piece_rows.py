"""Pieces: in every architecture, a piece of a pack has the logits that it has alone."""

import logging

import numpy as np
import pytest
import torch
from support.models.small_language_models import (
    APART,
    APART_MASKED,
    LEAKS,
    LEAKS_MASKED,
    LENGTH,
    VOCABULARY,
    logits_alone,
    packs,
    small_model,
)

from stillroom.models.forward import hidden_states
from stillroom.models.forward import one_piece_rows as module
from stillroom.models.forward.lm_head import (
    label_hidden_states,
    label_logits,
    label_logits_and_features,
    output_layer,
)
from stillroom.models.forward.one_piece_rows import keeps_pieces_apart, one_piece_rows
from stillroom.models.forward.sequence_logits import (
    batches_of_token_logits,
    batches_of_token_logits_and_features,
    logits_at,
)

ROWS = ([5, 9, 3], [20], [2, 2, 2, 2, 24], [7], [16, 16])


def answers(model: object, sequences: np.ndarray, batch_size: int = 2) -> list[torch.Tensor]:
    """Return what is stored: the logits at the labelled positions of each row."""
    batches = batches_of_token_logits(model, sequences, batch_size, VOCABULARY)  # type: ignore[arg-type]
    rows = [row for batch in batches for row in batch]
    counts = (sequences[:, 2] >= 0).sum(axis=1)
    return [row[:count] for row, count in zip(rows, counts, strict=True)]


@pytest.mark.parametrize("model_type", [*APART, *LEAKS, *APART_MASKED, *LEAKS_MASKED])
@torch.no_grad()
def test_what_is_stored_of_a_piece_is_the_models_answer_to_it_alone(model_type: str) -> None:
    model = small_model(model_type)
    is_masked = model_type in APART_MASKED | LEAKS_MASKED
    assert keeps_pieces_apart(model, LENGTH) == (model_type in APART | APART_MASKED)
    sequences = packs(*ROWS, is_masked=is_masked)
    expected = logits_alone(model, sequences)
    largest = max(float(row.abs().max()) for row in expected)
    for ours, alone in zip(answers(model, sequences), expected, strict=True):
        assert float((ours - alone).abs().max()) <= 1e-4 * max(1.0, largest)
    tensors = torch.from_numpy(sequences)
    torch.testing.assert_close(
        label_logits(model, tensors), torch.cat(expected), rtol=0, atol=1e-4 * max(1.0, largest)
    )


@pytest.mark.parametrize("model_type", ["mamba", "bloom", "convbert"])
def test_the_bits_of_a_row_do_not_depend_on_its_company(model_type: str) -> None:
    model = small_model(model_type)
    sequences = packs(*ROWS, is_masked=model_type == "convbert")
    together = answers(model, sequences, batch_size=5)
    for row, whole in enumerate(together):
        (alone,) = answers(model, sequences[row : row + 1], batch_size=5)
        assert torch.equal(alone, whole)


@pytest.mark.parametrize("model_type", ["opt", "mamba", "lfm2"])
def test_training_has_the_gradient_of_the_pieces_alone(model_type: str) -> None:
    model, sequences = small_model(model_type), packs(*ROWS)
    for mode in (model.eval, model.train):
        mode()
        weight = output_layer(model).weight
        expected = torch.cat(logits_alone(model, sequences)).square().sum()
        (theirs,) = torch.autograd.grad(expected, [weight])
        ours = label_logits(model, torch.from_numpy(sequences)).square().sum()
        (gradient,) = torch.autograd.grad(ours, [weight])
        torch.testing.assert_close(gradient, theirs, rtol=1e-3, atol=1e-5)


@torch.no_grad()
def test_hidden_states_and_features_lie_as_in_the_packs() -> None:
    model, sequences = small_model("mamba"), packs(*ROWS)
    tensors = torch.from_numpy(sequences)
    hidden = label_hidden_states(model, tensors)
    logits = label_logits(model, tensors)
    torch.testing.assert_close(output_layer(model)(hidden), logits)
    _, features = label_logits_and_features(model, tensors)
    assert features is not None and features.pieces is not None
    assert features.pieces.tolist() == [3, 1, 5, 1, 2] == list(map(len, ROWS))
    _, states = module.outputs_of_pieces(model, tensors, output_hidden_states=True)
    assert states[-1].shape == (len(ROWS), LENGTH, 32)
    alone = model(tensors[0, 0, 5:14][None].long(), output_hidden_states=True).hidden_states[-1]
    torch.testing.assert_close(states[-1][0, 5:14], alone[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(features.pooled[1], alone[0].mean(dim=0), rtol=1e-4, atol=1e-5)
    assert not states[-1][0, 17:].any()  # padding
    captured = list(batches_of_token_logits_and_features(model, sequences, 2, VOCABULARY))
    stored = torch.cat([one.pooled for _, one in captured])
    torch.testing.assert_close(stored, features.pooled, rtol=1e-4, atol=1e-5)


def test_logits_of_some_places_are_those_of_the_pieces() -> None:
    model, sequences = small_model("bloom"), packs(*ROWS)
    places = [np.array(some, np.int64) for some in ([0, 5], [3], [], [1], [20])]
    alone = logits_alone(model, sequences)
    expected = torch.cat([rows[at] for rows, at in zip(alone, places, strict=True)])
    torch.testing.assert_close(logits_at(model, sequences, places), expected, rtol=0, atol=1e-5)


def test_a_model_that_keeps_them_apart_runs_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    model, tensors = small_model("gpt2"), torch.from_numpy(packs(*ROWS))
    assert keeps_pieces_apart(model, LENGTH)
    monkeypatch.setattr(hidden_states, "outputs_of_pieces", None)
    monkeypatch.setattr(module, "is_apart", None)  # it is tried once
    assert len(label_logits(model, tensors))


def test_rows_of_one_piece_need_no_trial_of_a_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model("mamba")
    monkeypatch.setattr(module, "is_apart", None)
    assert len(label_logits(model, torch.from_numpy(packs([20], [7]))))


def test_the_cost_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    module._SAID.clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            label_logits(small_model("bloom"), torch.from_numpy(packs(*ROWS)))
    (record,) = caplog.records
    assert "BloomForCausalLM does not keep the pieces" in record.getMessage()
    assert "12 rows instead of 5" in record.getMessage()


def test_pieces_are_cut_out_in_their_order() -> None:
    sequences = packs([2, 3], [1])
    rows = one_piece_rows(torch.from_numpy(sequences)).numpy()
    first, second = sequences[0], sequences[1]
    assert rows.shape == (3, 3, 3)
    np.testing.assert_array_equal(rows[0, :, :2], first[:, :2])
    np.testing.assert_array_equal(rows[1], first[:, 2:5])
    np.testing.assert_array_equal(rows[2, :, :1], second[:, :1])
    assert (rows[0, :, 2:] == -1).all() and (rows[2, :, 1:] == -1).all()
