"""Features: pooled over positions, and several teachers' side by side."""

import pytest
import torch

from stillroom.errors import ConfigError
from stillroom.objectives.feature_batch import Features, each, pool, pooled, side_by_side


def test_pooling_is_a_mean_over_every_position() -> None:
    maps = torch.arange(24.0).view(2, 2, 3, 2)  # [N, height, width, D]
    assert pool(maps).tolist() == [[5.0, 6.0], [17.0, 18.0]]
    assert pool(maps[:, 0]).tolist() == [[2.0, 3.0], [14.0, 15.0]]
    flat = torch.ones(2, 4)
    assert pool(flat) is flat


def test_the_last_layer_is_what_is_pooled() -> None:
    layers = [torch.zeros(2, 5), torch.arange(12.0).view(2, 3, 2)]
    features = Features.of(layers)
    assert pooled(features).states.tolist() == [[2.0, 3.0], [8.0, 9.0]]
    assert each(features).states is features.hidden[1]


def test_positions_behind_the_end_of_a_row_do_not_count() -> None:
    hidden = torch.tensor([[[1.0], [3.0], [99.0]], [[5.0], [99.0], [99.0]]])
    inside = torch.tensor([[True, True, False], [True, False, False]])
    features = Features.of([hidden], inside)
    assert features.pooled.tolist() == [[2.0], [5.0]]
    chosen = each(features)
    assert chosen.mean(hidden).tolist() == [2.0, 5.0]
    assert chosen.mean(hidden[:, :, 0] + 1).tolist() == [3.0, 6.0]
    assert pooled(features).mean(torch.tensor([4.0, 7.0])).tolist() == [4.0, 7.0]
    assert side_by_side([features, features]).inside is inside
    assert features.precise().inside is inside


def test_each_piece_of_a_pack_is_pooled_alone() -> None:
    hidden = torch.tensor([[1.0, 3.0, 8.0, 99.0], [2.0, 4.0, 6.0, 8.0], [5.0, 7.0, 99.0, 99.0]])
    starts = torch.tensor([[1, 0, 1, 0], [1, 0, 0, 0], [1, 1, 0, 0]], dtype=torch.bool)
    inside = torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 0, 0]], dtype=torch.bool)
    features = Features.of_packs([hidden[:, :, None]], starts, inside)
    assert features.pooled.tolist() == [[2.0], [8.0], [5.0], [5.0], [7.0]]
    assert features.pieces is not None
    assert features.pieces.tolist() == [2, 1, 2]
    # A term that compares pooled features has a value per piece, another one a value per row.
    per_piece = torch.tensor([1.0, 2.0, 3.0, 4.0, 8.0])
    assert features.of_rows(per_piece).tolist() == [1.5, 3.0, 6.0]
    assert features.of_rows(per_piece[:3]).tolist() == [1.0, 2.0, 3.0]
    for other in (features.precise(), side_by_side([features, features])):
        assert other.pieces is not None
        assert other.pieces.tolist() == [2, 1, 2]


def test_the_gradient_of_a_piece_stays_in_it() -> None:
    hidden = torch.zeros(1, 4, 2, requires_grad=True)
    starts = torch.tensor([[True, False, False, True]])
    pooled_pieces = Features.of_packs([hidden], starts, torch.ones(1, 4, dtype=torch.bool)).pooled
    pooled_pieces[0].sum().backward()
    assert hidden.grad is not None
    torch.testing.assert_close(hidden.grad[0, :, 0], torch.tensor([1 / 3, 1 / 3, 1 / 3, 0.0]))


def test_positions_that_were_not_kept_are_named() -> None:
    with pytest.raises(ConfigError, match=r"objective\.positions=pooled, or teacher\.mode=live"):
        each(Features(torch.zeros(2, 3)))


def test_teachers_side_by_side() -> None:
    one, two = Features.of([torch.ones(2, 4, 3)]), Features.of([torch.zeros(2, 4, 5)])
    both = side_by_side([one, two])
    assert both.pooled.tolist() == [[1.0] * 3 + [0.0] * 5] * 2
    assert [tuple(layer.shape) for layer in both.hidden] == [(2, 4, 8)]
    # If layers or positions differ, no comparison by position is possible.
    assert side_by_side([one, Features.of([torch.zeros(2, 9, 5)])]).hidden == ()
    assert side_by_side([one, Features.of([torch.zeros(2, 4, 5)] * 2)]).hidden == ()
