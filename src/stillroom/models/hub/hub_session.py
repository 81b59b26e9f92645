"""The connection to the Hub: the one place where Stillroom may open one.

    HF_ENDPOINT, HF_TOKEN ──checked──> Hub ──online_hub──> requests are allowed while a block runs

`io.no_telemetry` switches the packages of the Hub off for the whole process. Telemetry stays off
here: a request says the versions of Stillroom, huggingface_hub and Python, and nothing else. The
token is that of the environment alone; those that other programs keep in the home folder are not
read.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from stillroom.errors import ConfigError

ENDPOINT, TOKEN = "HF_ENDPOINT", "HF_TOKEN"
DEFAULT_ENDPOINT = "https://huggingface.co"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOGGERS = ("httpx2", "httpcore2", "huggingface_hub")  # they log addresses with signatures


@dataclass(frozen=True, slots=True)
class Hub:
    """Where the Hub is, and who asks.

    Attributes:
        endpoint: its address, without a slash at the end.
        token: the token of the user; None: nobody in particular asks.
    """

    endpoint: str
    token: str | None = field(repr=False)

    @property
    def host(self) -> str:
        """The name of its machine, for messages."""
        return urlsplit(self.endpoint).netloc

    def headers(self) -> dict[str, str]:
        """Return the headers of a request."""
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # lazy

        from stillroom import __version__

        return build_hf_headers(
            token=self.token or False, library_name="stillroom", library_version=__version__
        )


@contextmanager
def online_hub() -> Iterator[Hub]:
    """Allow huggingface_hub to open connections while the block runs.

    Raises:
        ConfigError: HF_ENDPOINT or HF_TOKEN cannot be used.
    """
    hub = Hub(_endpoint(), _token())
    from huggingface_hub import constants

    before = {name: getattr(constants, name) for name in ("HF_HUB_OFFLINE", "HF_DEBUG")}
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    constants.HF_HUB_DISABLE_TELEMETRY = True  # also where it was imported before the switches
    try:
        for name in before:
            setattr(constants, name, False)
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.ERROR)
        yield hub
    finally:
        for name, value in before.items():
            setattr(constants, name, value)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _endpoint() -> str:
    """Return the address of the Hub; what goes there is encrypted, or stays on this machine."""
    address = (os.environ.get(ENDPOINT) or DEFAULT_ENDPOINT).rstrip("/")
    try:
        parts = urlsplit(address)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        is_plain = "@" not in parts.netloc and not parts.query and not parts.fragment
    except ValueError:
        is_safe = is_plain = False
    if not (is_safe and is_plain and parts.hostname):
        raise ConfigError(  # without the value: it could hold a password
            f"{ENDPOINT} is not an address of the Hub. Unset it, or set it to https:// and a host, "
            "without a password."
        )
    return address


def _token() -> str | None:
    token = os.environ.get(TOKEN, "").strip()
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise ConfigError(  # without the value, which a library would show
            f"{TOKEN} holds characters that no token has. Set it again, or unset it."
        )
    return token or None
