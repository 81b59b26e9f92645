"""Capture of conversations: the stored positions are the assistant's tokens, all and no others."""

from pathlib import Path

import pytest
from support.examples.chat_families import FAMILIES, Family
from support.examples.chat_rendering import render_in_this_process
from support.examples.chat_rows import conversation
from support.examples.chat_tokenizer import chat_tokenizer, ids_of
from support.examples.corpus_examples import CorpusOnDisk, token_labels, token_teachers

from stillroom.data.chat.conversation import Conversation
from stillroom.data.chat.learnt_tokens import learnt_tokens
from stillroom.data.chat.templates.chat_template import ChatTemplate
from stillroom.data.encoders import SequenceEncoder, write_encoder
from stillroom.data.ingest.corpus_counts import CorpusCounts
from stillroom.data.ingest.packed_frames import LEARNT_SCHEMA, distinct_frames, packed_rows
from stillroom.data.text.packing_conversations import ConversationPacker
from stillroom.data.text.token_layout import LABELS
from stillroom.data.views.image_views import PLAIN
from stillroom.io.tables import TableFile, write_parts
from stillroom.softlabels.sparsify.kinds.threshold import ThresholdRequest
from stillroom.teachers.capture_inputs import ExampleInputs

LENGTH = 160  # some conversations are longer, and end with an earlier turn; some share a pack


def conversations(family: Family) -> list[Conversation]:
    kinds = {"system": family.system, "tools": family.tools, "reasoning": family.reasoning}
    return [conversation(seed, **kinds) for seed in range(24)]


def assistant_tokens(one: Conversation, family: Family) -> tuple[list[int], bool]:
    """Return the ids that the assistant says within LENGTH, by the oracle, and if turns are cut."""
    said: list[int] = []
    turn: list[int] = []
    at = 0
    for text, is_learnt in [*family.oracle(one), ("", False)]:
        ids = ids_of(chat_tokenizer(family.begin, family.end), text)
        at += len(ids)
        if is_learnt:
            turn += ids
        elif turn and at - len(ids) <= LENGTH:
            said, turn = said + turn, []
    return said, bool(turn)


def ingested(family: Family, folder: Path) -> tuple[CorpusOnDisk, CorpusCounts, int]:
    """Write the packs of a family's conversations and their encoder."""
    tokenizer = chat_tokenizer(family.begin, family.end)
    template = ChatTemplate(family.template, "the template")
    packers: list[ConversationPacker] = []

    def packer() -> ConversationPacker:
        packers.append(ConversationPacker(LENGTH, len))
        return packers[-1]

    rendered = learnt_tokens(
        conversations(family), template, tokenizer, learn="assistant", reasoning="keep"
    )
    counts = CorpusCounts()
    rows = packed_rows((("rows.jsonl", "train", one) for one in rendered), packer, tokenizer.sha256)
    for name in ("examples", "encoder"):
        (folder / name).mkdir()
    write_parts(distinct_frames(rows, counts, LEARNT_SCHEMA), folder / "examples")
    encoder = SequenceEncoder(
        tokenizer=tokenizer, task="next_token", length=LENGTH, chat_template=family.template
    )
    write_encoder(encoder, folder / "encoder")
    cut = sum(one.cut + one.left_out for one in packers)
    return CorpusOnDisk(TableFile(folder / "examples"), folder / "encoder", encoder), counts, cut


@pytest.mark.parametrize(
    "name", ["ChatML", "[INST] with tools", "reasoning dropped", "marks", "Hermes tools"]
)
def test_what_is_stored_is_what_the_assistant_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render_in_this_process(monkeypatch)
    family = FAMILIES[name]
    corpus, counts, cut = ingested(family, tmp_path)
    oracle = [assistant_tokens(one, family) for one in conversations(family)]
    said = [token for ids, _ in oracle for token in ids]
    assert cut == sum(is_cut for _, is_cut in oracle) > 0
    labels = corpus.fitted.encode(corpus.examples.read())[:, LABELS]
    assert labels[labels >= 0].tolist() == said
    inputs = ExampleInputs(corpus.examples, corpus.fitted, PLAIN, 1)
    planned = sum(len(one.row.labels) for one in inputs)
    teachers = token_teachers(corpus, tmp_path / "t")
    stored = token_labels(corpus, teachers, tmp_path / "s", ThresholdRequest(4, 1.0))
    positions = int(stored.positions(stored.names()).sum())
    assert positions == planned == sum(counts.learnt.values()) == len(said)
    assert positions / len(said) == 1.0
    assert len(inputs) < len(oracle)  # conversations share packs
