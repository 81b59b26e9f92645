"""Repositories: the commit and the hashes, as `git` and `sha256sum` have them."""

import pytest
from support.loopback_hub import COMMIT, LoopbackHub

from stillroom.errors import HubError
from stillroom.models.hub.hub_name import HubName
from stillroom.models.hub.hub_session import online_hub
from stillroom.models.hub.repository import Repository, read_repository

# `printf 'hello\n' | sha256sum` and `… | git hash-object --stdin`
SHA256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
GIT_SHA1 = "ce013625030ba8dba906f756967f9e9ca394464a"


def repository(revision: str = "main") -> Repository:
    with online_hub() as session:
        return read_repository(session, HubName("owner/name", revision))


def test_a_branch_is_resolved_to_a_commit_and_files_have_their_hashes(hub: LoopbackHub) -> None:
    hub.files = {"b.safetensors": b"hello\n", "a.json": b"hello\n"}
    hub.large = ("b.safetensors",)
    read = repository()
    assert (read.commit, read.pin) == (COMMIT, f"owner/name@{COMMIT}")
    assert [(file.name, file.size, file.hash) for file in read.files] == [
        ("a.json", 6, f"git-sha1:{GIT_SHA1}"),
        ("b.safetensors", 6, f"sha256:{SHA256}"),
    ]
    assert [one.path for one in hub.asked] == ["/api/models/owner/name/revision/main?blobs=true"]


def test_a_pull_request_is_one_word_of_the_address(hub: LoopbackHub) -> None:
    hub.revisions = ("refs/pr/1",)
    assert repository("refs/pr/1").commit == COMMIT
    assert hub.asked[0].path.startswith("/api/models/owner/name/revision/refs%2Fpr%2F1?")


def test_another_commit_than_the_one_that_was_named_is_refused(hub: LoopbackHub) -> None:
    named = "f" * 40
    hub.revisions = (named,)
    with pytest.raises(HubError, match="does not answer as the Hub does"):
        repository(named)


@pytest.mark.parametrize("commit", ["", "main", "0123", "../" * 13 + "x"])
def test_a_commit_that_is_none_is_refused(commit: str, hub: LoopbackHub) -> None:
    hub.commit = commit
    with pytest.raises(HubError, match="does not answer as the Hub does"):
        repository()


def test_two_files_of_one_name_are_refused(
    hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = [*hub.siblings(), *hub.siblings()]
    monkeypatch.setattr(hub, "siblings", lambda: twice)
    with pytest.raises(HubError, match="does not answer as the Hub does"):
        repository()
