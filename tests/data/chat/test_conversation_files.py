"""Conversation files: formats, folders, splits, hashes and refusals by name."""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.examples.data_config import NESTED, a_data

from stillroom.data.chat.conversation import Conversation, Turn, messages_of
from stillroom.data.chat.conversation_files import ConversationFiles
from stillroom.data.chat.conversation_forms import PairColumns
from stillroom.data.chat.conversation_key import conversation_key
from stillroom.data.chat.help.help_conversations import HelpConversations
from stillroom.errors import DataError


def files(path: Path, pair: PairColumns | None = None, **changes: Any) -> ConversationFiles:
    return ConversationFiles.at(path, a_data(path=path.name, **changes), pair)


def answers(path: Path, **changes: Any) -> list[tuple[str, int, str | None, str]]:
    read = files(path, **changes)
    return [(one.part, one.row, one.split, one.turns[-1].content) for one in read]


def messages(answer: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": "?"}, {"role": "assistant", "content": answer}]


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
ROWS: list[dict[str, Any]] = [
    {"messages": messages("Zürich\n"), "tools": None},
    {
        "messages": [
            {"role": "system", "content": "s"},
            {
                "role": "assistant",
                "content": None,
                "reasoning_content": "r",
                "tool_calls": [{"function": {"name": "add", "arguments": {"a": 1}}}],
            },
            {"role": "tool", "name": "add", "content": "1"},
            {"role": "assistant", "content": " b", "tool_calls": []},
        ],
        "tools": [TOOL],
    },
]
EXPECTED = [
    (Turn(role="user", content="?"), Turn(role="assistant", content="Zürich\n")),
    (
        Turn(role="system", content="s"),
        Turn(
            role="assistant",
            content="",
            reasoning="r",
            tool_calls=({"name": "add", "arguments": {"a": 1}},),
        ),
        Turn(role="tool", content="1", name="add"),
        Turn(role="assistant", content=" b"),
    ),
]


def write(path: Path) -> Path:
    """Write ROWS in the format of the suffix."""
    text = lines(*ROWS)
    match path.suffix:
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(ROWS), path)
        case ".arrow":
            table = pa.Table.from_pylist(ROWS)
            with pa.ipc.new_stream(path, table.schema) as writer:
                writer.write_table(table)
        case ".json":
            path.write_text(json.dumps(ROWS))
        case ".gz":
            path.write_bytes(gzip.compress(text.encode()))
        case _:
            path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.jsonl.gz", "a.parquet", "a.arrow"])
def test_each_format_gives_the_same_conversations(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name)
    read = files(path)
    expected = [
        Conversation(turns=EXPECTED[0], part=name, row=0),
        Conversation(turns=EXPECTED[1], part=name, row=1, tools=(TOOL,)),
    ]
    assert list(read) == expected
    assert list(read) == expected
    assert read.files == {name: hashlib.sha256(path.read_bytes()).hexdigest()}
    assert len(read.notices) == len(set(read.notices))


def test_keys_that_only_other_rows_of_a_parquet_file_have_are_no_arguments(tmp_path: Path) -> None:
    calls = [{"name": "f", "arguments": {"x": 1}}, {"name": "g", "arguments": {"y": "b"}}]
    rows = [{"messages": [{"role": "assistant", "tool_calls": [call]}]} for call in calls]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    read = files(tmp_path)
    assert [one.turns[0].tool_calls[0] for one in read] == calls
    assert any(
        "only other rows have the key, and is left out: 2 times" in n.text for n in read.notices
    )


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "b.jsonl"])
def test_what_a_library_writes_with_nulls_is_the_same_conversations(
    tmp_path: Path, name: str
) -> None:
    given = [one for one in HelpConversations() if one.tools][:40]
    rows = [{"messages": messages_of(one.turns, "keep"), "tools": one.tools} for one in given]
    if name == "b.jsonl":
        (tmp_path / name).write_text(lines(*rows))
    else:
        frame = pl.DataFrame(rows, infer_schema_length=None)
        write_to = frame.write_parquet if name == "a.parquet" else frame.write_ndjson
        write_to(tmp_path / name)
        assert "None" in str(frame["tools"].to_list())
    assert [conversation_key(one) for one in files(tmp_path)] == list(map(conversation_key, given))


def test_types_of_other_writers_are_read(tmp_path: Path) -> None:
    words = pa.dictionary(pa.int32(), pa.string())
    turn = pa.struct([("role", words), ("content", pa.large_string())])
    column = pa.array([messages("a")], type=pa.large_list(turn))
    pq.write_table(pa.table({"messages": column}), tmp_path / "a.parquet")
    columns = pa.array([{"from": ["human", "gpt"], "value": ["?", "b"]}])
    pq.write_table(pa.table({"conversations": columns}), tmp_path / "b.parquet")
    assert [one[-1] for one in answers(tmp_path)] == ["a", "b"]


def test_csv_holds_texts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('instruction,input,output,n\n"a, b",,c,1\nd,e,"f\ng",2\n')
    read = [[turn.content for turn in one.turns] for one in files(tmp_path)]
    assert read == [["a, b", "c"], ["d\ne", "f\ng"]]
    (tmp_path / "a.csv").write_text("question;answer\na;b\n")
    pair = PairColumns("question", "answer")
    assert [[turn.content for turn in one.turns] for one in files(tmp_path, pair)] == [["a", "b"]]


@pytest.mark.parametrize(
    ("document", "count"),
    [
        ({"messages": messages("a")}, 1),
        ({"id": "x", "conversations": messages("a"), "n": 1}, 1),
        ({"messages": messages("a"), "tools": []}, 1),
        ({"prompt": messages("a")[:1], "completion": messages("a")[1:]}, 1),
        ({"messages": [messages("a"), messages("b")]}, 2),
        ({"messages": {"0": messages("a"), "1": messages("b")}}, 2),
        ({"instruction": ["a", "b"], "output": ["c", "d"], "input": ["", "e"]}, 2),
        ({"prompt": "a", "completion": "b"}, 1),
        ([{"messages": messages("a")}, {"prompt": "a", "completion": "b"}], 2),
    ],
)
def test_a_json_document_is_one_conversation_or_a_table(
    tmp_path: Path, document: object, count: int
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(document))
    assert len(list(files(tmp_path))) == count


def test_the_names_of_files_give_splits(tmp_path: Path) -> None:
    for name in ("train", "valid-00000", "test", "more"):
        (tmp_path / f"{name}.jsonl").write_text(lines({"messages": messages(name)}))
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "info.json").write_text("{}")
    read = files(tmp_path)
    assert [(one.part, one.split) for one in read] == [
        ("more.jsonl", "train"),
        ("test.jsonl", "test"),
        ("train.jsonl", "train"),
        ("valid-00000.jsonl", "validation"),
    ]
    assert read.splits_from == "file names"
    assert read.skipped == {".md": 1}
    texts = " ".join(notice.text for notice in read.notices)
    assert "1 files without a word for a split are for training: more.jsonl" in texts
    assert "JSON documents beside other files are not read: 1 (info.json)" in texts


def test_without_such_names_the_content_decides(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines({"messages": messages("a")}))
    assert answers(tmp_path) == [("a.jsonl", 0, None, "a")]
    assert files(tmp_path).splits_from is None


def test_a_column_gives_what_the_last_answer_is_checked_against(tmp_path: Path) -> None:
    schema = {"type": "integer"}
    rows = [{"messages": messages("a"), "right": one} for one in ("7", None, 7.5, schema)]
    (tmp_path / "a.jsonl").write_text(lines(*rows))
    read = files(tmp_path, columns={"reference": "right"})
    assert [one.reference for one in read] == ["7", None, "7.5", '{"type": "integer"}']
    assert {one.reference for one in files(tmp_path)} == {None}
    with pytest.raises(DataError, match="wrong"):
        list(files(tmp_path, columns={"reference": "wrong"}))


def test_a_column_gives_splits(tmp_path: Path) -> None:
    rows = [{"messages": messages("a"), "s": "train"}, {"messages": messages("b"), "s": "dev"}]
    (tmp_path / "test.jsonl").write_text(lines(*rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
    read = files(tmp_path, columns={"split": "s"})
    assert [one.split for one in read] == ["train", "validation"] * 2
    assert read.splits_from == "column s"
    texts = " ".join(notice.text for notice in read.notices)
    assert "x.parquet: words for splits are read as others (dev as validation): 1 time" in texts
    (tmp_path / "test.jsonl").write_text(lines(*rows, {"messages": messages("c"), "s": "all"}))
    with pytest.raises(DataError, match=r"test\.jsonl, row 2: column s is 'all', which is not a s"):
        answers(tmp_path, columns={"split": "s"})


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", '{"messages": [', r"a\.jsonl line 1 is not JSON"),
        ("a.jsonl", "[1]\n", r"a\.jsonl line 1 is not a JSON object"),
        ("a.jsonl", lines({"text": "a"}), r"a\.jsonl, row 0: its columns \(text\) hold no conv"),
        ("a.json", '{"data": [{}]}', r"a\.json, row 0: its columns \(data\) hold no conv"),
        ("a.csv", "text\na\n", r"a\.csv has no column messages\. Its columns: text"),
        ("a.parquet", "PAR1", r"a\.parquet is not a readable parquet file"),
        (
            "a.jsonl",
            lines({"messages": messages("a")}) + "\n" + lines({"messages": messages("")}),
            r"a\.jsonl, row 1, turn 1: the assistant says nothing",
        ),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=words):
        answers(tmp_path)


def test_a_parquet_file_without_conversations_names_its_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({"massages": ["a"], "n": [1]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"no column messages\. Did you mean massages.*massages, n"):
        answers(tmp_path)


def test_dates_in_a_parquet_file_are_no_texts(tmp_path: Path) -> None:
    from datetime import date

    table = pa.table({"prompt": ["a"], "completion": [date(2020, 1, 1)]})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet, row 0: completion is datetime\.date"):
        answers(tmp_path)


def test_limits_hold(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines({"messages": messages("x" * 1000)}))
    limits = NESTED["limits"][1]
    with pytest.raises(DataError, match=r"longer than data\.limits\.record"):
        answers(tmp_path, limits={**limits, "record": 500})
    with pytest.raises(DataError, match=r"data\.limits\.bytes"):
        answers(tmp_path, limits={**limits, "bytes": 500})


def test_a_link_out_of_the_folder_needs_a_word(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines({"messages": messages("a")}))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "b.jsonl").symlink_to(tmp_path / "a.jsonl")
    with pytest.raises(DataError, match=r"b\.jsonl is a link that leads out"):
        answers(folder)
    assert answers(folder, follow_links=True) == [("b.jsonl", 0, None, "a")]


def test_a_file_that_changes_between_two_readings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(lines({"messages": messages("a")}))
    read = files(path)
    assert len(list(read)) == 1
    path.write_text(lines({"messages": messages("b")}))
    with pytest.raises(DataError, match=r"a\.jsonl changed"):
        list(read)


def test_a_path_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        files(tmp_path / "none")
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(DataError, match="holds no table"):
        files(tmp_path)
