"""The connection: only while the block runs, encrypted, and with no more than was set."""

import os

import pytest
from huggingface_hub import constants
from support.loopback_hub import LoopbackHub

from stillroom.errors import ConfigError
from stillroom.models.hub.hub_session import online_hub

SECRET = "hf_abcdefghijklmnop"


def test_only_the_block_is_online(monkeypatch: pytest.MonkeyPatch, hub: LoopbackHub) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with online_hub() as session:
        assert not constants.is_offline_mode()
        assert session.endpoint == hub.endpoint
        assert os.environ["HF_HUB_OFFLINE"] == "1"  # processes that start meanwhile stay offline
    assert constants.is_offline_mode()


def test_an_error_in_the_block_ends_it(monkeypatch: pytest.MonkeyPatch, hub: LoopbackHub) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(RuntimeError), online_hub():
        raise RuntimeError
    assert constants.is_offline_mode()


def test_a_request_names_three_versions_and_no_token_of_others(
    monkeypatch: pytest.MonkeyPatch, hub: LoopbackHub
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.setenv("HUGGING_FACE_HUB_TOKEN", "hf_of_another_program")
    with online_hub() as session:
        headers = session.headers()
    words = [word.partition("/")[0] for word in headers["user-agent"].split("; ")]
    assert words == ["stillroom", "hf_hub", "python"]
    assert "authorization" not in headers
    assert hub.asked == []  # nor is there a request of its own


def test_the_token_is_sent_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, hub: LoopbackHub
) -> None:
    monkeypatch.setenv("HF_TOKEN", f"{SECRET}\n")
    with online_hub() as session:
        assert session.headers()["authorization"] == f"Bearer {SECRET}"
        assert SECRET not in repr(session)


@pytest.mark.parametrize("token", ["hf_a b", "hf_a\nb: c", "hf_ü", "hf_\x1b[0m"])
def test_a_token_that_no_header_can_hold_is_refused_without_it(
    token: str, monkeypatch: pytest.MonkeyPatch, hub: LoopbackHub
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(ConfigError) as refused, online_hub():
        pass
    assert token not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://huggingface.co",
        "ftp://huggingface.co",
        "https://user:secret@mirror.example",
        "huggingface.co",
        "https://",
        "https://[::1",
        "http://127.0.0.1.example",
        "https://mirror.example?key=secret",
    ],
)
def test_an_address_that_is_not_encrypted_or_holds_a_secret_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    with pytest.raises(ConfigError, match="HF_ENDPOINT is not an address") as refused, online_hub():
        pass
    assert "secret" not in str(refused.value)


def test_without_a_mirror_it_is_the_hub_of_hugging_face(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    with online_hub() as session:
        assert (session.endpoint, session.host) == ("https://huggingface.co", "huggingface.co")
