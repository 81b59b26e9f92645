"""Errors of the Hub: each is one line that says what to do, and none has the token."""

import socket

import httpx2
import pytest
from support.loopback_hub import LoopbackHub

from stillroom.errors import HubError
from stillroom.models.hub.hub_errors import is_transient, one_line_hub_errors
from stillroom.models.hub.hub_name import HubName
from stillroom.models.hub.hub_session import Hub, online_hub
from stillroom.models.hub.repository import read_repository

NAME = HubName("owner/name", "main")
SECRET = "hf_abcdefghijklmnop"


def refusal(name: HubName = NAME) -> str:
    with pytest.raises(HubError) as refused, online_hub() as session:
        read_repository(session, name)
    message = str(refused.value)
    assert "\n" not in message and SECRET not in message and len(message) < 500
    return message


@pytest.mark.parametrize("status", [401, 403])
def test_a_gated_model_says_how_to_get_access(status: int, hub: LoopbackHub) -> None:
    hub.refuses = (status, "GatedRepo")
    message = refusal()
    assert message.startswith(f"owner/name is gated: its owners give access on request ({status}).")
    assert f"Ask for it on {hub.endpoint}/owner/name, make a token" in message
    assert "set HF_TOKEN" in message


@pytest.mark.parametrize(
    ("status", "code", "without", "with_token"),
    [
        (401, "GatedRepo", "make a token", "with the account of HF_TOKEN"),
        (401, "RepoNotFound", "set HF_TOKEN to a token", "the account of HF_TOKEN may read it"),
        (404, "RepoNotFound", "has no model owner/name, or it is", "has no model owner/name"),
        (403, "", "does not allow a request without HF_TOKEN", "allow the account of HF_TOKEN"),
        (429, "", "Wait some minutes", "Wait some minutes"),
        (500, "", "answered with the status 500", "Run the same command again later"),
        (418, "", "answered with the status 418", "look at the page"),
        (400, "", "answered with the status 400", "look at the page"),
    ],
)
def test_a_status_is_one_line_that_knows_whether_there_is_a_token(
    status: int,
    code: str,
    without: str,
    with_token: str,
    hub: LoopbackHub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub.refuses = (status, code)
    assert without in refusal()
    monkeypatch.setenv("HF_TOKEN", SECRET)
    assert with_token in refusal()
    assert hub.asked[-1].headers["authorization"] == f"Bearer {SECRET}"


def test_another_name_and_another_revision(hub: LoopbackHub) -> None:
    assert "has no model owner/other, or it is private (404)" in refusal(
        HubName("owner/other", "main")
    )
    message = refusal(HubName("owner/name", "v9"))
    assert message.startswith("owner/name has no revision v9.")
    assert message.endswith("/owner/name/commits/main lists its commits.")


def test_no_network_says_to_check_it(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:  # bound, but nobody listens
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
        message = refusal()
    assert message.startswith(f"127.0.0.1:{port} cannot be reached (ConnectError: Connection refu")
    assert "Check the network" in message


def test_a_page_for_signing_in_is_no_answer_of_the_hub(hub: LoopbackHub) -> None:
    hub.page = b"<html>Welcome to the hotel. Please sign in.</html>"
    assert "A proxy or a page for signing in may be in the way" in refusal()


def test_addresses_with_signatures_are_not_shown() -> None:
    request = httpx2.Request("GET", "https://store.example/x?signature=abc")
    for kind in (httpx2.ReadError, httpx2.RemoteProtocolError, httpx2.TooManyRedirects):
        hub = Hub("https://huggingface.co", None)
        with pytest.raises(HubError) as refused, one_line_hub_errors(hub, NAME):
            raise kind("at https://store.example/x?signature=abc", request=request)
        assert "signature" not in str(refused.value)
        assert is_transient(kind("", request=request)) == (kind is not httpx2.TooManyRedirects)
