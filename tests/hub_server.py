"""A Hugging Face Hub on this machine, for tests: its list and its small files, a second host for the large ones as
the real one has, and whatever goes wrong with it.
"""

import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    import pytest  # the frozen program is tried with this Hub where no pytest is

REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Request:
    """One request that arrived. host: the Hub's or the storage's; sent: bytes of the body that went out."""

    host: str
    path: str
    range: str | None
    token: str | None
    sent: int = 0


@dataclass
class LocalHub:
    """repositories: files of each by name; cuts: after how many bytes to cut each of the next answers of the storage;
    statuses: what to answer for a path's ending, with the Hub's error code; tampered: what to send in place of a file;
    delays: seconds to fall silent in the middle of each of the next answers of the storage.
    """

    repositories: dict[str, dict[str, bytes]]
    licence: str = "openrail++"
    revision: str = REVISION
    cuts: list[int] = field(default_factory=list)
    statuses: dict[str, tuple[int, str]] = field(default_factory=dict)
    tampered: dict[str, bytes] = field(default_factory=dict)
    listed: dict[str, object] = field(default_factory=dict)
    ranges: bool = True
    delays: list[float] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    endpoint: str = ""
    storage: str = ""

    def sent(self, ending: str = "") -> int:
        """Bytes that went out for paths with this ending."""
        return sum(request.sent for request in self.requests if request.path.endswith(ending))

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


def is_large(name: str) -> bool:
    return name.endswith((".safetensors", ".bin", ".ckpt"))


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@contextmanager
def in_place_of_the_hub(hub: LocalHub, monkeypatch: "pytest.MonkeyPatch") -> Iterator[LocalHub]:
    """Serves until the block ends, to this program in this process."""
    import huggingface_hub
    from huggingface_hub import constants

    for name in ("http_proxy", "https_proxy", "all_proxy", "hf_token", "hugging_face_hub_token"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with local_hub(hub):
        monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        yield hub
        huggingface_hub.close_session()


@contextmanager
def local_hub(hub: LocalHub) -> Iterator[LocalHub]:
    """Serves until the block ends; every thread has ended then."""
    servers = [_Server(("127.0.0.1", 0), _Handler) for _ in range(2)]
    for server, host in zip(servers, ("hub", "storage"), strict=True):
        server.hub, server.host = hub, host
    hub.endpoint = f"http://127.0.0.1:{servers[0].server_port}"
    hub.storage = f"http://localhost:{servers[1].server_port}"
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close waits for them
    hub: LocalHub
    host: str


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:  # the client has gone, which some tests are about
            self.close_connection = True

    def do_GET(self) -> None:
        hub, path = self.server.hub, unquote(urlsplit(self.path).path)
        self.request_seen = Request(
            self.server.host, path, self.headers.get("Range"), self.headers.get("Authorization")
        )
        hub.requests.append(self.request_seen)  # before the answer, which a test may be waiting for
        refused = next((answer for ending, answer in hub.statuses.items() if path.endswith(ending)), None)
        if refused:
            self._answer(refused[0], b"{}", {"X-Error-Code": refused[1]} if refused[1] else {})
        elif self.server.host == "storage":
            self._storage(path.removeprefix("/"))
        elif path.startswith("/api/models/"):
            self._listing(path.removeprefix("/api/models/"))
        else:
            self._resolve(path)

    def _listing(self, repository: str) -> None:
        hub = self.server.hub
        if repository not in hub.repositories:
            self._answer(401, b"{}", {"X-Error-Code": "RepoNotFound"})
            return
        siblings = []
        for name, content in hub.repositories[repository].items():
            entry: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": git_sha1(content)}
            if is_large(name):
                entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
            siblings.append(entry)
        answer = {"id": repository, "sha": hub.revision, "siblings": siblings, "cardData": {"license": hub.licence}}
        self._answer(200, json.dumps(answer | hub.listed).encode(), {})

    def _resolve(self, path: str) -> None:
        hub = self.server.hub
        repository, _, rest = path.removeprefix("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        content = hub.repositories.get(repository, {}).get(name)
        if content is None or revision != hub.revision:
            code = "EntryNotFound" if content is None else "RevisionNotFound"
            self._answer(404, b"", {"X-Error-Code": code})
        elif is_large(name):
            headers = {
                "Location": f"{hub.storage}/{repository}/{name}",
                "X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"',
                "X-Linked-Size": str(len(content)),
                "X-Repo-Commit": revision,
            }
            self._answer(302, b"", headers)
        else:
            self._answer(200, hub.tampered.get(name, content), {"ETag": f'"{git_sha1(content)}"'})

    def _storage(self, path: str) -> None:
        hub = self.server.hub
        owner, repository, name = path.split("/", 2)
        content = hub.tampered.get(name, hub.repositories[f"{owner}/{repository}"][name])
        start, headers = 0, {"ETag": '"a storage\'s own"'}
        asked = self.headers.get("Range")
        if asked and hub.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self._answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        cut, delay = hub.cuts.pop(0) if hub.cuts else None, hub.delays.pop(0) if hub.delays else 0.0
        self._answer(206 if start else 200, content[start:], headers, cut, delay)

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str], cut: int | None = None, delay: float = 0.0
    ) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        for begin in range(0, len(body), 1 << 14):
            block = body[begin : begin + (1 << 14)]
            if cut is not None:
                block = block[: cut - self.request_seen.sent]
            self.request_seen.sent += len(block)
            self.wfile.write(block)
            if cut is not None and self.request_seen.sent >= cut:
                self._cut()
                return
            if begin == len(body) // 2 >> 14 << 14:
                time.sleep(delay)

    def _cut(self) -> None:
        """As a cable that is pulled out: no polite end."""
        self.wfile.flush()
        time.sleep(0.01)  # what was sent arrives
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
