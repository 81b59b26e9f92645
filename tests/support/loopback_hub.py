"""A stand-in of the Hub on 127.0.0.1: its API, its files, and a second host for the large ones.

It answers as huggingface_hub 2.4 expects it of huggingface.co, as far as a download needs it: the
commit and the hashes of a revision, files with ETag and X-Repo-Commit, a redirect of large files to
another origin, ranges, and errors with X-Error-Code.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "owner/name"
BLOCK = 1 << 14


@dataclass
class Asked:
    """One request.

    Attributes:
        host: "hub" or "store", where the large files are.
        path: with the query.
        headers: names in lower case.
        status: of the answer.
        sent: bytes of the body that were sent.
    """

    host: str
    path: str
    headers: dict[str, str]
    status: int = 0
    sent: int = 0


@dataclass
class LoopbackHub:
    """What the stand-in holds, and how it fails.

    Attributes:
        files: of the one model, by name.
        large: the names that are stored apart, with a SHA-256.
        refuses: a status and an X-Error-Code for every request.
        refuses_files: the same for files alone.
        cuts: how many bytes a connection carries before it breaks, for each of the next requests.
        ignores_ranges: whether it sends whole files only.
        sends: other content than it lists, by name.
        pause_s: between two blocks of 16 KiB.
        page: a page that it sends to every request to the API, in place of an answer.
        asked: the requests.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    large: tuple[str, ...] = ("model.safetensors",)
    name: str = NAME
    commit: str = COMMIT
    revisions: tuple[str, ...] = ("main",)
    refuses: tuple[int, str] | None = None
    refuses_files: tuple[int, str] | None = None
    cuts: list[int] = field(default_factory=list)
    ignores_ranges: bool = False
    sends: dict[str, bytes] = field(default_factory=dict)
    pause_s: float = 0.0
    page: bytes | None = None
    asked: list[Asked] = field(default_factory=list)
    endpoint: str = ""
    store: str = ""

    def siblings(self) -> list[dict[str, Any]]:
        """Return the list of files, as the API has it with blobs=true."""
        return [self._sibling(name, content) for name, content in self.files.items()]

    def requests_for(self, name: str) -> list[Asked]:
        """Return the requests for the content of a file."""
        return [one for one in self.asked if one.path.endswith(name) and one.status in (200, 206)]

    def _sibling(self, name: str, content: bytes) -> dict[str, Any]:
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        sibling: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": blob}
        if name in self.large:
            sha256 = hashlib.sha256(content).hexdigest()
            sibling["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 135}
        return sibling


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: LoopbackHub
    host: str

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.asked = Asked(self.host, self.path, headers)
        self.hub.asked.append(self.asked)
        path = unquote(urlsplit(self.path).path)
        if self.hub.refuses is not None:
            self._refuse(*self.hub.refuses)
        elif self.host == "store":
            self._file(path.removeprefix("/signed/"))
        elif path.startswith(f"/api/models/{self.hub.name}/revision/"):
            self._revision(path.rpartition("/revision/")[2])
        elif path.startswith(f"/{self.hub.name}/resolve/{self.hub.commit}/"):
            self._resolve(path.partition(f"/resolve/{self.hub.commit}/")[2])
        else:
            self._refuse(404, "RepoNotFound")

    def _revision(self, revision: str) -> None:
        if self.hub.page is not None:
            self._send(200, self.hub.page, {"Content-Type": "text/html"})
        elif revision not in (*self.hub.revisions, self.hub.commit):
            self._refuse(404, "RevisionNotFound")
        else:
            answer = {
                "id": self.hub.name,
                "sha": self.hub.commit,
                "gated": False,
                "siblings": self.hub.siblings(),
            }
            self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _resolve(self, name: str) -> None:
        if self.hub.refuses_files is not None:
            self._refuse(*self.hub.refuses_files)
        elif name not in self.hub.files:
            self._refuse(404, "EntryNotFound")
        elif name in self.hub.large:
            content = self.hub.files[name]
            self._send(
                302,
                b"",
                {
                    "Location": f"{self.hub.store}/signed/{name}",
                    "X-Repo-Commit": self.hub.commit,
                    "X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"',
                    "X-Linked-Size": str(len(content)),
                },
            )
        else:
            self._file(name)

    def _file(self, name: str) -> None:
        content = self.hub.sends.get(name, self.hub.files[name])
        asked = self.headers.get("Range")
        first = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if not asked or self.hub.ignores_ranges:
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            self._send(200, content, {"X-Repo-Commit": self.hub.commit, "ETag": f'"{blob}"'})
            return
        whole = f"bytes {first}-{len(content) - 1}/{len(content)}"
        self._send(206, content[first:], {"Content-Range": whole})

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b'{"error": "refused"}', {"X-Error-Code": code} if code else {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.asked.status = status
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        is_file = status in (200, 206) and "/api/" not in self.path
        most = self.hub.cuts.pop(0) if is_file and self.hub.cuts else len(body)
        for start in range(0, min(most, len(body)), BLOCK):
            block = body[start : min(start + BLOCK, most)]
            try:
                self.wfile.write(block)
            except OSError:  # the client was killed
                break
            self.asked.sent += len(block)
            time.sleep(self.hub.pause_s)
        self.close_connection = most < len(body)

    def log_message(self, *words: Any) -> None:
        """Print nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing where a client was killed."""


@contextmanager
def loopback_hub(**settings: Any) -> Iterator[LoopbackHub]:
    """Run the stand-in while the block runs: the Hub and its store, two origins."""
    hub = LoopbackHub(**settings)
    servers = []
    for host in ("hub", "store"):
        handler = type("Handler", (_Handler,), {"hub": hub, "host": host})
        server = _Server(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
    hub.endpoint, hub.store = (f"http://127.0.0.1:{one.server_address[1]}" for one in servers)
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def model_files(weights: bytes = b"") -> dict[str, bytes]:
    """Return the files of a small model with a card, besides some that nobody should fetch."""
    return {
        ".gitattributes": b"*.safetensors filter=lfs\n",
        "LICENSE": b"Apache License, Version 2.0\n",
        "README.md": b"---\nlicense: apache-2.0\n---\nA model.\n",
        "config.json": b'{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}',
        "generation_config.json": b"{}",
        "model.safetensors": weights or bytes(range(256)) * 4,
        "modeling_own.py": b"print('code')\n",
        "onnx/model.onnx": b"onnx",
        "pytorch_model.bin": b"pickle",
        "tokenizer.json": b"{}",
        "tokenizer_config.json": b"{}",
        "chat_template.jinja": b"{{ messages }}",
        "additional_chat_templates/tools.jinja": b"{{ tools }}",
    }


@contextmanager
def hub_of_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """Yield a stand-in with one small model; HF_ENDPOINT names it."""
    from stillroom.models.hub import download_file

    with loopback_hub(files=model_files()) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        monkeypatch.setenv("NO_PROXY", "*")
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.setattr(download_file, "FIRST_WAIT_S", 0.001)
        yield running
