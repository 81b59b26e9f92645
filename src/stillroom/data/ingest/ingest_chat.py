"""Ingest of conversations: turns in; packs of their tokens, the encoder and a report out.

    conversations ──keyed, de-duplicated──> a split for each ──tokenizer──┐
    conversations, read again ──template──> ids, learnt ones ──packs──────┴──> examples

The split of a conversation is that of its file, or depends only on what is said in it. Only what
the assistant says is learnt: nothing else becomes a label, so nothing else is captured, stored, or
passes through the output layer. Memory holds some conversations, and one key of each.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from stillroom.config.schema.data_schema import Data
from stillroom.config.tokenizer_files import JINJA
from stillroom.data.chat.conversation import Conversation
from stillroom.data.chat.conversation_files import Conversations
from stillroom.data.chat.conversation_key import conversation_key
from stillroom.data.chat.example_conversation import Example, example_conversation
from stillroom.data.chat.learnt_tokens import Rendered, learnt_tokens
from stillroom.data.chat.prompt_overlap import PromptOverlap
from stillroom.data.chat.templates.chat_template import (
    BUILT_IN,
    ChatTemplate,
    read_chat_template,
)
from stillroom.data.encoders.sequence_encoder import SequenceEncoder
from stillroom.data.ingest.corpus_counts import CorpusCounts, require_every_split
from stillroom.data.ingest.document_splits import Splits, distinct_documents, document_splits
from stillroom.data.ingest.packed_frames import LEARNT_SCHEMA, distinct_frames, packed_rows
from stillroom.data.ingest.splits import SPLITS, TEST, TRAIN, split_origins
from stillroom.data.notices import Notice, counted, texts_by_kind
from stillroom.data.raw_examples import portable
from stillroom.data.sources.source_kind import ConversationSource
from stillroom.data.sources.source_registry import source_of
from stillroom.data.text.model_tokenizer import read_model_tokenizer
from stillroom.data.text.packing_conversations import ConversationPacker
from stillroom.data.text.tokenizer import Ids, Tokenizer
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ConfigError
from stillroom.io.printable import printable
from stillroom.io.progress import ticking

# What a template may not read, in words.
UNREAD = {"reasoning_content": "reasoning", "tools": "tools"}


@dataclass(slots=True)
class ChatIngest:
    """Conversations that have been read once; `frames` makes their packs.

    Attributes:
        data: the parameters: what to read, and how.
        source: what `data.source` names.
        conversations: all of them.
        splits: the index of each one's split in SPLITS, or DUPLICATE.
        encoder: the encoder of the packs.
        template: the chat template.
        counts: how much was read so far.
        present: the splits that the conversations have from their source.
        overlap: the prompts of the test split, and what training has of them.
    """

    data: Data
    source: ConversationSource
    conversations: Conversations
    splits: Splits
    encoder: SequenceEncoder
    template: ChatTemplate
    counts: CorpusCounts
    present: frozenset[str]
    overlap: PromptOverlap
    _packers: list[ConversationPacker] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)
    _example: Example = field(default_factory=list)

    @classmethod
    def of(cls, data: Data, root: Path) -> "ChatIngest":
        """Read the conversations once, and train a tokenizer unless one is set.

        Raises:
            ConfigError: two parameters contradict each other.
            DataError: a conversation, the tokenizer or its template cannot be used.
        """
        source = source_of(data)
        if not isinstance(source, ConversationSource):
            raise ConfigError(f"data.source {data.source} gives no conversations.")
        conversations = source.conversations(data, root)
        splits, counts, present = document_splits(conversations, data, conversation_key)
        tokenizer, template = _tokenizer(data, root, conversations, splits)
        encoder = SequenceEncoder(
            tokenizer=tokenizer,
            task="next_token",
            length=data.text.length,
            chat_template=template.text,
            tool_template=template.tool_use,
            template_arguments=template.arguments,
        )
        kept = distinct_documents(conversations, splits)
        overlap = PromptOverlap.of(one for one, split in kept if split == TEST)
        return cls(data, source, conversations, splits, encoder, template, counts, present, overlap)

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the examples, in the order of part and row; call it only once."""
        rows = packed_rows(self._rendered(), self._packer, self.encoder.tokenizer.sha256)
        yield from distinct_frames(rows, self.counts, LEARNT_SCHEMA)
        require_every_split(self.counts, "conversations")

    def report(self) -> dict[str, Any]:
        """Return the report; call it after the last of `frames`."""
        configured, tokenizer = self.data.text.tokenizer, self.encoder.tokenizer
        trained = "trained on the train split"
        return {
            "source": self.data.source,
            "path": portable(self.data.path) if self.source.reads_path else None,
            "versions": self.conversations.versions,
            "files": self.conversations.files,
            "skipped": self.conversations.skipped,
            "splits_from": split_origins(
                self.present, self.conversations.splits_from, self.data.validation, self.data.test
            ),
            "notices": texts_by_kind(self._notices),
            "tokenizer": {
                "sha256": tokenizer.sha256,
                "vocabulary": tokenizer.size,
                "from": trained if configured is None else portable(configured),
            },
            "chat_template": {
                "sha256": self.template.sha256,
                "from": self._template_from,
                "arguments": dict(self.template.arguments),
            },
            **self.counts.to_json(),
            "learnt": {one: self.counts.learnt[one] for one in SPLITS},
            "cut_conversations": sum(packer.cut for packer in self._packers),
            "too_long_conversations": sum(packer.left_out for packer in self._packers),
            "example": self._example,
            "overlap": self.overlap.to_json(),
        }

    def _packer(self) -> ConversationPacker:
        packer = ConversationPacker(self.encoder.length, self._text_bytes)
        self._packers.append(packer)
        return packer

    def _text_bytes(self, ids: Ids) -> int:
        return len(self.encoder.tokenizer.decode(ids.tolist()).encode())

    def _rendered(self) -> Iterator[tuple[str, str, Rendered]]:
        waiting: deque[tuple[str, str]] = deque()

        def conversations() -> Iterator[Conversation]:
            for one, split in distinct_documents(self.conversations, self.splits):
                waiting.append((one.part, split))
                self._look_at(one)
                if split == TRAIN:
                    self.overlap.see(one)
                yield one

        total = sum(self.counts.documents.values())
        with ticking("rendering", total, "conversations") as ticker:
            for result in learnt_tokens(
                conversations(),
                self.template,
                self.encoder.tokenizer,
                learn=self.data.chat.learn,
                reasoning=self.data.chat.reasoning,
            ):
                self._seen["date"] += result.is_dated
                part, split = waiting.popleft()
                if split == TRAIN and not self._example:
                    self._example = example_conversation(result.runs)
                yield part, split, result
                ticker.advance(1)

    @property
    def _notices(self) -> tuple[Notice, ...]:
        notices = list(self.conversations.notices)
        if self.template.arguments:
            given = ", ".join(
                f"{name} = {value}" for name, value in self.template.arguments.items()
            )
            notices.append(Notice("converted", f"The chat template is given {printable(given)}."))
        if self._seen["date"]:
            said = counted(self._seen["date"], "conversation")
            notices.append(
                Notice(
                    "converted",
                    f"The chat template asks for today's date; {said} got a fixed one, so that "
                    "every run renders the same.",
                )
            )
        for what, words in UNREAD.items():
            if self._seen[what]:
                said = counted(self._seen[what], "conversation")
                unread = f"The {words} of {said}, which the chat template does not render."
                notices.append(Notice("left_out", unread))
        return tuple(notices)

    @property
    def _template_from(self) -> str:
        """Where the template comes from, without the folders of this machine."""
        choice, configured = self.data.chat.template, self.data.text.tokenizer
        if choice is not None and choice.endswith(JINJA):
            return portable(choice)
        return f"{choice or 'its own'} of {portable(configured)}" if configured else BUILT_IN

    def _look_at(self, one: Conversation) -> None:
        """Count what the template leaves out of a conversation."""
        has_reasoning = any(turn.reasoning for turn in one.turns)
        if has_reasoning and self.data.chat.reasoning == "keep":
            self._seen["reasoning_content"] += not self.template.reads("reasoning_content")
        self._seen["tools"] += bool(one.tools) and not self.template.reads("tools")


def _tokenizer(
    data: Data, root: Path, conversations: Conversations, splits: Splits
) -> tuple[Tokenizer, ChatTemplate]:
    """Return the tokenizer and its template, the one that is set or one that is trained here."""
    configured, choice = data.text.tokenizer, data.chat.template
    if choice is not None and choice.endswith(JINJA):
        choice = str(root / choice)
    if configured is not None:
        model = root / configured
        template = read_chat_template(model, choice)
        return read_model_tokenizer(model), template.given(data.chat.template_arguments)
    texts = _train_texts(conversations, splits)
    tokenizer = train_tokenizer(texts, data.text.vocabulary, "chat")
    template = read_chat_template(None, choice or BUILT_IN)
    return tokenizer, template.given(data.chat.template_arguments)


def _train_texts(conversations: Conversations, splits: Splits) -> Iterable[str]:
    kept: Iterator[tuple[Conversation, str]] = distinct_documents(conversations, splits)
    return (
        turn.content
        for conversation, split in kept
        if split == TRAIN
        for turn in conversation.turns
    )
