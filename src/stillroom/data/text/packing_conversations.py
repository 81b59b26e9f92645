"""Packing of conversations: rendered conversations in, packs of whole ones out.

    ids, learnt, ends ──cut at a turn──> at most `length` tokens ──side by side──> Pack, Pack, …

A conversation never continues in the next pack: its later turns would lack what they answer. One
that is too long ends with the last learnt turn that fits. If not even the first one fits, it is
left out. Both are counted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from stillroom.data.chat.learnt_tokens import Rendered
from stillroom.data.text.packing import Pack
from stillroom.data.text.tokenizer import Ids


@dataclass(slots=True)
class ConversationPacker:
    """A packer of one stream of conversations; it holds the pack that is not full yet.

    Attributes:
        length: the largest number of tokens in a pack.
        text_bytes: returns how many bytes of text some tokens stand for.
        cut: how many conversations were cut at a turn.
        left_out: how many have no learnt turn that fits.
    """

    length: int
    text_bytes: Callable[[Ids], int]
    cut: int = 0
    left_out: int = 0
    _parts: list[Rendered] = field(default_factory=list)

    def add(self, conversation: Rendered) -> Iterator[Pack]:
        """Add a conversation; yield the pack that is full, if there is one."""
        fitting = self._fitting(conversation)
        if fitting is None:
            self.left_out += 1
            return
        self.cut += len(fitting.ids) < len(conversation.ids)
        if sum(len(part.ids) for part in self._parts) + len(fitting.ids) > self.length:
            yield from self.flush()
        self._parts.append(fitting)

    def flush(self) -> Iterator[Pack]:
        """Yield the pack that is not full yet, if it has a conversation."""
        if not self._parts:
            return
        tokens = np.concatenate([part.ids for part in self._parts])
        learnt = np.concatenate([part.learnt for part in self._parts])
        sizes = [len(part.ids) for part in self._parts]
        starts = np.cumsum([0, *sizes[:-1]]).astype(np.int32)
        labels = learnt.copy()
        labels[starts] = False  # the first token of a conversation follows nothing
        ends = [
            start + np.array(part.ends) for start, part in zip(starts, self._parts, strict=True)
        ]
        yield Pack(
            tokens,
            starts,
            self.text_bytes(tokens[labels]),
            int(labels.sum()),
            learnt=learnt,
            turn_ends=np.concatenate(ends).astype(np.int32),
            references=tuple(part.reference for part in self._parts),
        )
        self._parts = []

    def _fitting(self, conversation: Rendered) -> Rendered | None:
        if len(conversation.ids) <= self.length:
            return conversation
        ends = [end for end in conversation.ends if end <= self.length]
        if not ends:
            return None
        end = ends[-1]
        return replace(
            conversation,
            ids=conversation.ids[:end],
            learnt=conversation.learnt[:end],
            ends=tuple(ends),
            reference=None,  # of the turn that was cut off
        )
