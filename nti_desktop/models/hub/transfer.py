"""Talks to the Hugging Face Hub: what a repository holds, and the bytes of one file, going on where they broke off.

The Hub's own client gives the session (proxies, certificates, offline switch), the address and the stored token. Its
`hf_hub_download` is not used: it starts every file anew when it was broken off, and announces the packages in use.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nti_desktop import __version__
from nti_desktop.core.aside import run_aside
from nti_desktop.core.errors import ModelError
from nti_desktop.core.progress import CancelToken
from nti_desktop.models.hub.selection import HubFile

if TYPE_CHECKING:
    from httpx2 import Response

TIMEOUT = 10.0  # seconds without a byte
STOPPING = 0.3  # seconds for a cancelled request to end by itself; a server may drip for ever
UNREACHABLE = "The Hub cannot be reached; check the connection and try again."
BUSY = "The Hub is too busy to answer; download again in a few minutes."
PATIENCE = 5  # attempts in a row that brought nothing
PAUSE = 1.0  # seconds before the second attempt, doubled for each further one
LARGEST_LISTING = 16 << 20  # bytes
_PASSING = (408, 425, 429, 500, 502, 503, 504)  # statuses that another attempt may not meet
_HASH = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


class NotAsPlanned(ModelError):
    """The Hub has something else than it had when the download began."""


class _BrokenOff(Exception):
    """Worth another attempt."""


class _Unreachable(_BrokenOff):
    """Nobody was there to answer."""


class _Busy(_BrokenOff):
    """The answer was to ask later."""


@dataclass(frozen=True)
class Listing:
    """What a repository holds at one revision. licence: as its page names it."""

    revision: str
    licence: str
    files: tuple[HubFile, ...]


@dataclass(frozen=True)
class Fetch:
    """One file of a repository, and where it arrives. part: holds what has arrived of it, if it exists; token: for the
    Hub; the stored one when None.
    """

    repository: str
    revision: str
    file: HubFile
    part: Path
    token: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """Where on the Hub the file is."""
        return f"{self.repository}/resolve/{self.revision}/{quote(self.file.name)}"

    @property
    def arrived(self) -> int:
        """Bytes that are there."""
        return self.part.stat().st_size if self.part.exists() else 0


def list_repository(repository: str, token: str | None, cancel: CancelToken) -> Listing:
    """The newest revision and its files, in one answer so that they belong together. Raises ModelError, Cancelled."""
    content: Any = None
    for attempt in range(PATIENCE):
        try:
            content = json.loads(run_aside(lambda: _listing_of(repository, token, cancel), cancel, STOPPING))
            break
        except _BrokenOff as error:
            if attempt == PATIENCE - 1:
                raise ModelError(BUSY if isinstance(error, _Busy) else UNREACHABLE) from error
            _wait(PAUSE * 2**attempt, cancel)
        except (ValueError, RecursionError) as error:
            raise _strange(repository) from error
    try:
        return _listing(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _strange(repository) from error


def _listing_of(repository: str, token: str | None, cancel: CancelToken) -> bytes:
    body = b""
    with _get(f"api/models/{repository}?blobs=true", repository, token, {}) as response:
        for block in response.iter_bytes():
            cancel.check()
            body += block
            if len(body) > LARGEST_LISTING:
                raise ModelError(f"“{repository}” lists more files than a model has.")
    return body


def fetch_file(fetch: Fetch, cancel: CancelToken, count: Callable[[int], None]) -> None:
    """Make `part` the whole file; what it holds already is not fetched again, and stays whatever happens.

    count: told of each step, also backwards. Raises ModelError, NotAsPlanned, Cancelled, and OSError of the disk.
    """
    fruitless, file = 0, fetch.file
    while (had := fetch.arrived) < file.size or not fetch.part.exists():
        cancel.check()
        try:
            run_aside(lambda: _go_on(fetch, cancel, count), cancel, STOPPING)
        except _BrokenOff as error:
            fruitless = 0 if fetch.arrived > had else fruitless + 1
            if fruitless >= PATIENCE and isinstance(error, _Unreachable | _Busy):
                raise ModelError(BUSY if isinstance(error, _Busy) else UNREACHABLE) from error
            if fruitless >= PATIENCE:
                raise ModelError(
                    f"The connection broke off {fruitless} times in a row at {fetch.arrived / 1e6:.0f} of "
                    f"{file.size / 1e6:.0f} MB of “{file.name}”; this much is kept, so download again to go on."
                ) from error
            _wait(PAUSE * 2**fruitless, cancel)


def _go_on(fetch: Fetch, cancel: CancelToken, count: Callable[[int], None]) -> None:
    """One request for what is missing."""
    file, part, had = fetch.file, fetch.part, fetch.arrived
    wanted = {"Range": f"bytes={had}-"} if had else {}
    with _get(fetch.address, fetch.repository, fetch.token, wanted) as response:
        cancel.check()  # one that was left behind touches nothing more
        _check_hash(response, file)
        if response.status_code == 206:
            _check_range(response, had, file)
        else:  # all of it, whether asked for or not
            length = response.headers.get("Content-Length")
            if length not in (None, str(file.size)):
                raise NotAsPlanned(f"“{file.name}” is not of the size the Hub has listed; download again.")
            if had and length is None:  # perhaps the page of a proxy, for which nothing is thrown away
                raise _BrokenOff
            count(-had)
            had = 0
        with part.open("r+b" if part.exists() else "xb") as stream:
            stream.seek(had)
            stream.truncate()
            for block in response.iter_bytes():
                cancel.check()
                had += len(block)
                if had > file.size:
                    raise NotAsPlanned(f"“{file.name}” is larger than the Hub has listed; download again.")
                append(stream, block)
                count(len(block))
            stream.flush()
            os.fsync(stream.fileno())
    if had < file.size:
        raise _BrokenOff


def append(stream: Any, block: bytes) -> None:
    """The one place where bytes from the network go to the disk."""
    stream.write(block)


def _check_hash(response: "Response", file: HubFile) -> None:
    """The Hub names the content's hash in its first answer; without one, the hash of what has arrived decides."""
    tags = [answer.headers.get("X-Linked-Etag") for answer in (*response.history, response)]
    if not response.history:
        tags.append(response.headers.get("ETag"))
    tag = next((tag for tag in tags if tag), "").removeprefix("W/").strip('"')
    if _HASH.fullmatch(tag) and len(tag) == len(file.key) and tag != file.key:
        raise NotAsPlanned(f"“{file.name}” on the Hub is no longer the file it was; download again.")


def _check_range(response: "Response", had: int, file: HubFile) -> None:
    given = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
    if not given or (int(given[1]), int(given[2])) != (had, file.size):
        raise NotAsPlanned(f"“{file.name}” is not of the size the Hub has listed; download again.")


@contextmanager
def _get(address: str, repository: str, token: str | None, headers: dict[str, str]) -> "Iterator[Response]":
    """Ask the Hub; redirects are followed, without the token to any other host.

    Raises ModelError, NotAsPlanned, and _BrokenOff also for what goes wrong while the answer is read.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # before its import
    import httpx2
    from huggingface_hub import constants, get_session, get_token
    from huggingface_hub.errors import OfflineModeIsEnabled

    if constants.HF_HUB_OFFLINE:
        raise ModelError("Downloads are switched off by HF_HUB_OFFLINE in the environment; unset it to download.")
    token = get_token() if token is None else token
    sent = {"User-Agent": f"nti-desktop/{__version__}", "Accept-Encoding": "identity", **headers}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    try:
        session = get_session()
    except (
        ImportError,
        ValueError,
        httpx2.InvalidURL,
    ) as error:  # of SOCKS without what it takes, and of what is no address
        raise ModelError(
            "The proxy in this program's environment cannot be used; give HTTPS_PROXY, HTTP_PROXY and ALL_PROXY the "
            "form http://HOST:PORT, or unset them."
        ) from error
    except OSError as error:
        named = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR") or "the system's folder"
        raise ModelError(
            f"The certificates in “{named}” cannot be read ({error.strerror or error}); correct SSL_CERT_FILE and "
            "SSL_CERT_DIR, or unset them."
        ) from error
    try:
        with session.stream(
            "GET", f"{constants.ENDPOINT}/{address}", headers=sent, timeout=TIMEOUT, follow_redirects=True
        ) as response:
            if response.status_code in _PASSING:
                raise _Busy
            if response.status_code not in (200, 206):
                raise _refusal(response, repository, bool(token), constants.ENDPOINT)
            yield response
    except OfflineModeIsEnabled as error:
        raise ModelError("Downloads are switched off in this program's environment.") from error
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
        raise _Unreachable from error
    except (httpx2.TransportError, httpx2.DecodingError) as error:
        raise _BrokenOff from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:  # redirects without end, or to nowhere
        raise _strange(repository) from error


def _refusal(response: "Response", repository: str, with_token: bool, endpoint: str) -> ModelError:
    status, code = response.status_code, response.headers.get("X-Error-Code", "")
    if code == "GatedRepo":
        return ModelError(
            f"“{repository}” wants its terms accepted first: do that on {endpoint}/{repository}, sign in with "
            "“hf auth login”, and download again."
        )
    if code in ("RevisionNotFound", "EntryNotFound"):
        return NotAsPlanned(f"“{repository}” no longer has a file of this download; download again.")
    if status == 401 and with_token and code != "RepoNotFound":
        return ModelError("The Hub does not accept the access token; sign in anew with “hf auth login”.")
    if status in (401, 404) or code == "RepoNotFound":
        return ModelError(
            f"The Hub has no “{repository}” that is open to you; check the name, or sign in with “hf auth login”."
        )
    if status == 403:
        return ModelError(f"The Hub does not let you have “{repository}”; see {endpoint}/{repository}.")
    if status == 416:
        return NotAsPlanned(f"A file of “{repository}” is not of the size the Hub has listed; download again.")
    return ModelError(f"The Hub answered with error {status} for “{repository}”; try again later.")


def _listing(content: Any) -> Listing:
    revision = content["sha"]
    if not (isinstance(revision, str) and len(revision) == 40 and _HASH.fullmatch(revision)):
        raise ValueError("no revision")
    card = content.get("cardData") or {}
    licence = card.get("license_name") or card.get("license") if isinstance(card, dict) else None
    return Listing(
        revision,
        licence if isinstance(licence, str) and licence.isprintable() else "not named on its page",
        tuple(_hub_file(sibling) for sibling in content["siblings"]),
    )


def _hub_file(sibling: Any) -> HubFile:
    name, size, lfs = sibling["rfilename"], sibling.get("size"), sibling.get("lfs")
    key = lfs["sha256"] if lfs else sibling.get("blobId")
    if not (isinstance(name, str) and isinstance(size, int) and isinstance(key, str) and _HASH.fullmatch(key)):
        return HubFile(str(name), -1)  # refused if it is needed
    return HubFile(name, size, key, "") if lfs else HubFile(name, size, "", key)


def _strange(repository: str) -> ModelError:
    return ModelError(f"The Hub's answer about “{repository}” makes no sense; try again later.")


def _wait(seconds: float, cancel: CancelToken) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        cancel.check()
        time.sleep(min(0.1, left))
