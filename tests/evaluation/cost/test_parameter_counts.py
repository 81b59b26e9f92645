"""Sizes, counted by hand."""

import torch
from torch import nn

from stillroom.evaluation.cost.parameter_counts import Size, size_of


def test_a_layer_that_stands_twice_counts_once() -> None:
    # 3 * 4 weights and 4 biases: 16 parameters, 64 bytes.
    layer = nn.Linear(3, 4)
    assert size_of(nn.ModuleList([layer, layer])) == Size(16, 16, 64)


def test_half_precision_weighs_half() -> None:
    assert size_of(nn.Linear(3, 4).half()).weight_bytes == 32
    assert size_of(nn.Linear(3, 4).to(torch.bfloat16)).weight_bytes == 32


def test_running_means_are_no_parameters() -> None:
    assert size_of(nn.BatchNorm2d(5)) == Size(10, 10, 40)


def test_a_table_of_embeddings_is_outside_of_what_speed_depends_on() -> None:
    # A table of 7 * 3; a separate output layer of 3 * 7 weights.
    model = nn.Sequential(nn.Embedding(7, 3), nn.Linear(3, 7, bias=False))
    assert size_of(model) == Size(42, 21, 168)


def test_an_output_layer_that_is_the_table_is_the_table() -> None:
    table, output = nn.Embedding(7, 3), nn.Linear(3, 7)
    output.weight = table.weight
    # The bias of the output layer does not belong to the table.
    assert size_of(nn.Sequential(table, output)) == Size(28, 7, 112)


def test_of_a_language_model_the_layers_between_are_outside() -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config(vocab_size=11, n_positions=6, n_embd=4, n_layer=1, n_head=2))
    # Attention: 4 * 12 + 12 and 4 * 4 + 4; feed-forward: 4 * 16 + 16 and 16 * 4 + 4; three norms
    # of 8. The tables: 11 and 6 rows of 4; the first is also the output layer.
    outside = 60 + 20 + 80 + 68 + 24
    assert size_of(model) == Size(outside + 68, outside, 4 * (outside + 68))
