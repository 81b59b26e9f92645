"""Pieces of packs: which models keep them apart, and a forward pass for those that do not.

    model ──tries on made-up tokens──> keeps_pieces_apart
    packs [N, 3, length] ──one piece a row──> model ──each token in its place──> [N, length, D]

A pack holds pieces of documents side by side. Most transformers keep them apart, by a mask or by
the positions. A model with a state, a convolution or ALiBi does not, nor one that counts positions
itself, and nothing in a config says so. So each model is tried once: see `piece_trial`. The others
get rows of one piece, in batches whose shape depends only on the piece: its bits, too, are the same
regardless of what else is in the batch. In training, a batch is as large as its pieces need.
"""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from stillroom.data.text.token_layout import NO_TOKEN, POSITIONS, TOKENS
from stillroom.models.forward.forward_kwargs import alone_kwargs, is_decoder
from stillroom.models.forward.length_buckets import bucket_length
from stillroom.models.forward.piece_trial import is_apart

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel

_LOG = logging.getLogger(__name__)

# The tokens of a batch of pieces. The last batch of each length is filled up.
TOKENS_PER_BATCH = 512

# By model: for which lengths of a pack it was tried, and with what result.
_TRIED: "WeakKeyDictionary[Module, dict[int, bool]]" = WeakKeyDictionary()
# The architectures of which the cost was said in this process.
_SAID: set[str] = set()
_SHORT = 0  # decoders are tried on short packs only


def keeps_pieces_apart(model: "PreTrainedModel", length: int) -> bool:
    """Tell whether the pieces of a pack get the logits that they get alone.

    Args:
        model: a language model.
        length: the length of the packs. An encoder may attend differently to long sequences.
    """
    tried = _TRIED.setdefault(model, {})
    key = _SHORT if is_decoder(model) else length
    if key not in tried:
        tried[key] = is_apart(model, key)
    return tried[key]


def needs_one_piece_rows(model: "PreTrainedModel", inputs: "Tensor") -> bool:
    """Tell whether a language model must not get these inputs [N, 3, length] as they are.

    A decoder may get any row of one piece. An encoder may not: it may not know the mask that leaves
    out the padding.
    """
    if _TRIED.get(model, {}).get(_SHORT):
        return False
    pieces = int((inputs[:, POSITIONS] == 0).sum())
    if is_decoder(model) and pieces <= len(inputs):
        return False
    if keeps_pieces_apart(model, inputs.shape[2]):
        return False
    name = type(model).__name__
    if name not in _SAID:
        _SAID.add(name)
        _say_cost(name, len(inputs), pieces)
    return True


def _say_cost(name: str, rows: int, pieces: int) -> None:
    _LOG.warning(
        "%s does not keep the pieces of a sequence apart, so it gets them one a row: %d rows "
        "instead of %d in the first batch, in more and smaller forward passes. To let a piece see "
        "the text before it, set data.corpus.cross_documents=true.",
        name,
        pieces,
        rows,
    )


def outputs_of_pieces(
    model: "PreTrainedModel", packs: "Tensor", **options: bool
) -> "tuple[Tensor, list[Tensor]]":
    """Return the logits of packs [N, 3, length] and their hidden states, each [N, length, D].

    The model runs on each piece alone. Padding gets zeros.

    Args:
        model: a language model.
        packs: sequences of one or several pieces.
        options: more arguments of the forward pass.
    """
    rows, columns = _places(packs)
    inside = packs[:, TOKENS] >= 0
    results: list[Tensor] = []
    for ids, batch in _batches(model, one_piece_rows(packs), packs.shape[2]):
        out: Any = model(**alone_kwargs(model, batch), **options)
        states = [out.logits, *(out.hidden_states or ())]
        results = results or [one.new_zeros(*inside.shape, one.shape[-1]) for one in states]
        at = rows.new_full((int(rows.max()) + 1,), -1)
        at[ids] = at.new_tensor(range(len(ids)))
        here = inside & (at[rows] >= 0)
        for result, state in zip(results, states, strict=True):
            result[here] = state[at[rows[here]], columns[here]]
    logits, *hidden = results
    return logits, hidden


def piece_starts(packs: "Tensor") -> "Tensor":
    """Return whether a piece starts in each column of packs, [N, length].

    Args:
        packs: [N, 3, length].
    """
    starts: Tensor = (packs[:, POSITIONS] == 0) & (packs[:, TOKENS] >= 0)
    return starts


def one_piece_rows(packs: "Tensor") -> "Tensor":
    """Return the pieces of packs [N, 3, length], one a row: [P, 3, longest piece]."""
    rows, columns = _places(packs)
    inside = packs[:, TOKENS] >= 0
    shape = int(rows[inside].max()) + 1, 3, int(columns[inside].max()) + 1
    pieces = packs.new_full(shape, NO_TOKEN)
    pieces[rows[inside], :, columns[inside]] = packs.transpose(1, 2)[inside]
    return pieces


def _places(packs: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return [N, length] each: the row of each token's piece, and its column in that row."""
    positions = packs[:, POSITIONS].long()
    rows = (piece_starts(packs).flatten().cumsum(dim=0) - 1).view_as(positions)
    return rows, positions.clamp(min=0)


def _batches(
    model: "PreTrainedModel", pieces: "Tensor", longest: int
) -> "Iterator[tuple[Tensor, Tensor]]":
    """Yield the indices of some pieces in ascending order, and a batch that begins with them.

    Nothing in a decoder sees the padding that follows. An encoder gets pieces of equal length.
    """
    lengths = (pieces[:, TOKENS] >= 0).sum(dim=1)
    cuts = lengths
    if is_decoder(model):
        cuts = lengths.new_tensor([bucket_length(one, longest) for one in lengths.tolist()])
    for cut in cuts.unique().tolist():
        ids = (cuts == cut).nonzero()[:, 0]
        if model.training:
            yield ids, pieces[ids, :, : int(lengths[ids].max())]
            continue
        for some in ids.split(max(1, TOKENS_PER_BATCH // cut)):
            yield some, _filled(pieces[some], max(1, TOKENS_PER_BATCH // cut), cut)


def _filled(pieces: "Tensor", size: int, length: int) -> "Tensor":
    """Return [size, 3, length]: the pieces, padded, then copies of the first one."""
    from torch.nn.functional import pad

    wide = pad(pieces[:, :, :length], (0, max(0, length - pieces.shape[2])), value=NO_TOKEN)
    return wide[[*range(len(pieces)), *[0] * (size - len(pieces))]]
