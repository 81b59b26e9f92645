"""`kedro models fetch`, as a user runs it, against a stand-in of the Hub on this machine."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.command_line import command
from support.loopback_hub import COMMIT, LoopbackHub, hub_of_this_process

from stillroom.cli import cli
from stillroom.io.byte_sizes import size_text

SOURCE = Path(__file__).resolve().parents[2] / "src"
SECRET = "hf_abcdefghijklmnop"
FETCH = "from stillroom.cli import cli; cli()"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """Return a stand-in of the Hub for this process."""
    with hub_of_this_process(monkeypatch) as running:
        yield running


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that Kedro takes for a project; the command runs in it."""
    (tmp_path / "pyproject.toml").write_text("[tool.kedro]\npackage_name = 'stillroom'\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fetch(*words: str) -> Result:
    return CliRunner().invoke(cli, ["models", "fetch", *words])


def started(root: Path) -> subprocess.Popen[str]:
    """Start a fetch in a process of its own, with the switches that a run sets.

    The home folder holds the token that another program has left.
    """
    token = root / "home/.cache/huggingface/token"
    token.parent.mkdir(parents=True)
    token.write_text("hf_of_another_program")
    environment = {"PYTHONPATH": str(SOURCE), "HOME": str(root / "home")}
    environment |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    words = [sys.executable, "-c", FETCH, "models", "fetch", f"owner/name@{COMMIT}"]
    return subprocess.Popen(
        words,
        cwd=root,
        env={name: value for name, value in os.environ.items() if name != "HF_HOME"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_fetch_says_what_it_does_and_what_comes_next(hub: LoopbackHub, root: Path) -> None:
    result = fetch("owner/name@main")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        f"main is {COMMIT} today. To fetch the same again:",
        f"  kedro models fetch owner/name@{COMMIT}",
        "fetches 9 files, 1.18 kB: model.safetensors (1.02 kB), config.json (62 B), README.md "
        "(37 B) and 6 more",
        "leaves out pickles, which can run code when they are opened (1): pytorch_model.bin",
        "leaves out programs (1): modeling_own.py",
        "leaves out other files (2): .gitattributes, onnx/model.onnx",
        "licence: apache-2.0, Apache License 2.0, by the model card",
        "  as a teacher: allowed: it grants use, copying and change, and says nothing of what a "
        "model answers",
        "  as the start of a student: The student is then a modified copy, so this licence applies "
        "to it.",
        "    Keep the licence and the NOTICE file with the student, and say that it was changed.",
        "Wrote models/owner--name: 9 files, each with the hash that "
        f"{hub.endpoint.removeprefix('http://')} lists.",
        "As a teacher:",
        "  kedro run --pipeline=distill --params groups.experiment=chat,"
        "teacher.path=models/owner--name,data.path=my/conversations.jsonl",
        "As the start of a student: add student.path=models/owner--name.",
    ]
    content = (root / "models/owner--name/model.safetensors").read_bytes()
    assert content == hub.files["model.safetensors"]


def test_a_name_without_a_revision_needs_latest_which_prints_the_pin(
    hub: LoopbackHub, root: Path
) -> None:
    refused = fetch("owner/name")
    assert refused.exit_code == 1 and hub.asked == []
    assert refused.output.startswith("Error: owner/name names no revision, so the same command ")
    assert refused.output.count("\n") == 1
    result = fetch("owner/name", "--latest")
    assert result.exit_code == 0
    assert f"kedro models fetch owner/name@{COMMIT}\n" in result.output


def test_a_pinned_model_that_is_there_needs_no_network(hub: LoopbackHub, root: Path) -> None:
    assert fetch(f"owner/name@{COMMIT}").exit_code == 0
    asked = len(hub.asked)
    result = fetch(f"owner/name@{COMMIT}")
    assert result.exit_code == 0 and len(hub.asked) == asked
    first = result.output.splitlines()[0]
    assert first == f"models/owner--name holds owner/name@{COMMIT} already, unchanged."
    moved = fetch("owner/name@main")
    assert "models/owner--name holds this commit already, unchanged." in moved.output
    assert len(hub.asked) == asked + 1
    hub.commit = "f" * 40
    other = fetch("owner/name@main")
    assert other.exit_code == 1 and "Set another folder with --to" in other.output


def test_to_names_another_folder_inside_of_the_project(hub: LoopbackHub, root: Path) -> None:
    assert fetch("owner/name@main", "--to", "mine/teacher").exit_code == 0
    assert (root / "mine/teacher/config.json").is_file() and not (root / "models").exists()
    outside = fetch("owner/name@main", "--to", "../outside")
    assert outside.exit_code == 1
    assert "leads outside of the project" in outside.output
    (root / "models").symlink_to(root.parent)
    linked = fetch("owner/name@main")
    assert linked.exit_code == 1 and "leads outside of the project" in linked.output


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (b"---\nlicense: llama3\n---\n", "as a teacher: forbidden: "),
        (b"---\nlicense: mine\n---\n", "as a teacher: not known: the table does not have it"),
        (b"No front matter.\n", "as a teacher: not known: its model card names none"),
        (b"---\nlicense: [\n---\n", "licence: not read. The front matter of "),
        (None, "as a teacher: not known: it has no model card"),
    ],
)
def test_each_licence_is_judged_before_the_weights_come(
    card: bytes | None, words: str, hub: LoopbackHub, root: Path
) -> None:
    if card is None:
        del hub.files["README.md"]
    else:
        hub.files["README.md"] = card
    hub.sends["model.safetensors"] = b"broken"
    result = fetch("owner/name@main")
    assert result.exit_code == 1
    assert words in result.output


def test_the_token_is_sent_to_the_hub_and_shown_nowhere(
    hub: LoopbackHub, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    monkeypatch.setenv("HF_DEBUG", "1")
    process = started(root)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert SECRET not in output + errors and "http" not in errors
    kept = [path.read_bytes() for path in root.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in content for content in kept)
    of_hub = [one for one in hub.asked if one.host == "hub"]
    assert {one.headers.get("authorization") for one in of_hub} == {f"Bearer {SECRET}"}
    assert all("authorization" not in one.headers for one in hub.asked if one.host == "store")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_fetch_goes_on_where_it_stopped(
    number: signal.Signals, hub: LoopbackHub, root: Path
) -> None:
    weights = hashlib.shake_256(b"weights").digest(4_000_000)
    hub.files["model.safetensors"], hub.pause_s = weights, 0.004
    partial = root / f".stillroom/unfinished/fetch-owner--name/{COMMIT}/model.safetensors.partial"
    process = started(root)
    deadline = time.monotonic() + 60
    while not (partial.is_file() and partial.stat().st_size > 500_000):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.005)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -number
    if number == signal.SIGTERM:
        assert "Stopped by SIGTERM. Finished work is kept: run the same command again" in errors
    assert not (root / "models").exists()
    assert not any("authorization" in one.headers for one in hub.asked)
    in_home = [path.name for path in (root / "home").rglob("*") if path.is_file()]
    assert in_home == ["token"]
    there, hub.pause_s = partial.stat().st_size, 0.0
    again = fetch(f"owner/name@{COMMIT}")
    assert again.exit_code == 0, again.output
    assert ", of which 4.00 MB are there" not in again.output
    assert f", of which {size_text(there + 93)} are there: model.saf" in again.output
    assert (root / "models/owner--name/model.safetensors").read_bytes() == weights
    last = hub.requests_for("model.safetensors")[-1]
    assert last.headers["range"] == f"bytes={there}-"
    assert last.sent == 4_000_000 - there
    assert len(hub.requests_for("/config.json")) == 1


def test_the_command_of_kedro_fetches_several_weight_files(hub: LoopbackHub, project: Path) -> None:
    """About three seconds: Kedro is imported, and its settings switch the Hub off."""
    index = "model.safetensors.index.json"
    shards = {f"model-0000{number}-of-00002.safetensors": bytes([number]) * 99 for number in (1, 2)}
    weight_map = {name: name for name in shards}
    hub.files |= shards | {index: json.dumps({"weight_map": weight_map}).encode()}
    hub.files["model-00003-of-00002.safetensors"] = hub.files.pop("model.safetensors")
    hub.large = tuple(shards)
    ran = command(project, "kedro", "models", "fetch", f"owner/name@{COMMIT}")
    assert ran.returncode == 0, ran.stderr
    folder = project / "models/owner--name"
    weights = {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}
    assert weights == shards and (folder / index).is_file()


def test_errors_are_one_line(hub: LoopbackHub, root: Path) -> None:
    for refuses, words in (((403, "GatedRepo"), "is gated"), ((404, "RepoNotFound"), "has no mod")):
        hub.refuses = refuses
        result = fetch("owner/name@main")
        assert (result.exit_code, result.output.count("\n")) == (1, 1)
        assert result.output.startswith("Error: ") and words in result.output
