"""Downloads from a Hub on this machine: what is fetched, what survives, and what is never fetched."""

import errno
import hashlib
import json
import os
import socket
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from nti_desktop.core.errors import Cancelled, ModelError
from nti_desktop.core.progress import CancelToken, Progress, report_nothing
from nti_desktop.models.hub import client, transfer
from nti_desktop.models.hub.client import download
from nti_desktop.models.library.checking import verify
from nti_desktop.models.library.records import read_record, record_path
from nti_desktop.models.library.store import incoming
from tests.hub_server import REVISION, LocalHub
from tests.models.hub.downloads import HALVES, MODEL, SINGLE, TEXTS, WEIGHTS, fetched, parts, refusal, visible
from tests.rights import open_folder, without_rights


def test_an_offered_file_arrives_verified_with_a_record_and_nothing_else(
    server: LocalHub, store: Path, offered: str
) -> None:
    seen: list[Progress] = []
    path = download(offered, store, seen.append, CancelToken())
    assert path == store / SINGLE
    assert path.read_bytes() == WEIGHTS
    assert visible(store) == [SINGLE, record_path(path).name]
    assert not (store / ".incoming").exists()
    assert server.paths() == [f"/offered/one/resolve/{REVISION}/{SINGLE}", f"/offered/one/{SINGLE}"]
    assert server.sent() == len(WEIGHTS)
    assert seen[-1] == Progress("Downloading", 1, 1, 0.0)
    record = read_record(path)
    assert record is not None
    assert (record.repository, record.revision, record.licence) == ("offered/one", REVISION, "MIT")


def test_a_folder_is_one_set_of_weights_and_no_pickles(server: LocalHub, store: Path) -> None:
    path = fetched(MODEL, store)
    assert path == store / "someone--a-model"
    here = {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    assert here == TEXTS | HALVES
    assert not any(file.is_symlink() for file in path.rglob("*"))
    asked = " ".join(server.paths())
    assert not any(name in asked for name in (".bin", "non_ema", "safety_checker", "README", "run.py", "all.safe"))
    assert sum("/api/" in path for path in server.paths()) == 1
    record = read_record(path)
    assert record is not None
    assert record.licence == "openrail++"
    assert {file.name: file.sha256 for file in record.files} == {
        name: hashlib.sha256(content).hexdigest() for name, content in here.items()
    }
    assert verify(path, report_nothing, CancelToken()).well


def test_cut_ten_times_it_completes_by_itself_and_fetches_no_byte_twice(
    server: LocalHub, store: Path, offered: str
) -> None:
    server.cuts = [20_000] * 10
    assert fetched(offered, store).read_bytes() == WEIGHTS
    assert server.sent() < len(WEIGHTS) + 10 * 20_000  # a cable pulled out may lose what was under way
    storage = [request for request in server.requests if request.host == "storage"]
    assert len(storage) == 11
    begins = [int(request.range.removeprefix("bytes=").rstrip("-")) for request in storage[1:] if request.range]
    assert begins == sorted(begins)
    assert begins[-1] > 20_000


def test_a_dead_connection_is_one_sentence_and_the_next_call_goes_on(
    server: LocalHub, store: Path, offered: str
) -> None:
    server.cuts = [120_000] + [0] * transfer.PATIENCE
    assert "this much is kept" in refusal(offered, store)
    kept = parts(store)
    assert 0 < kept <= 120_000
    (begun,) = incoming(store)
    assert (begun.size, begun.total) == (kept, len(WEIGHTS))
    server.requests.clear()
    fetched(offered, store)
    assert server.sent() == len(WEIGHTS) - kept


def test_a_hub_that_is_not_there_is_one_sentence(
    server: LocalHub, store: Path, offered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "cannot be reached" in refusal(offered, store)
    assert "cannot be reached" in refusal(MODEL, store)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE" in refusal(MODEL, store)


def test_a_server_that_falls_silent_is_asked_again(
    server: LocalHub, store: Path, offered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "TIMEOUT", 0.2)
    server.delays = [0.6]
    assert fetched(offered, store).read_bytes() == WEIGHTS
    storage = [request for request in server.requests if request.host == "storage"]
    assert len(storage) == 2
    assert storage[1].range is not None


@pytest.mark.parametrize(("wanted", "ending"), [(MODEL, "/a-model"), ("one", SINGLE)])
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_hub_is_asked_again_and_is_no_fault_of_the_connection(
    server: LocalHub, store: Path, offered: str, wanted: str, ending: str, status: int
) -> None:
    server.statuses[ending] = (status, "")
    assert refusal(wanted, store) == "The Hub is too busy to answer; download again in a few minutes."
    assert len(server.requests) == transfer.PATIENCE


def test_what_cannot_be_used_is_refused_before_its_weights_are_fetched(server: LocalHub, store: Path) -> None:
    config = json.loads(server.repositories[MODEL]["unet/config.json"])
    server.repositories[MODEL]["unet/config.json"] = json.dumps(config | {"in_channels": 7}).encode()
    assert "The UNet of “someone--a-model” takes more than a picture" in refusal(MODEL, store)
    assert server.sent(".safetensors") == 0
    assert list(store.iterdir()) == []


def test_stopped_halfway_it_goes_on_later(server: LocalHub, store: Path, offered: str) -> None:
    cancel = CancelToken()
    append = transfer.append

    def stop_halfway(stream: Any, block: bytes) -> None:
        append(stream, block)
        if stream.tell() > len(WEIGHTS) // 2:
            cancel.cancel()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(transfer, "append", stop_halfway)
        with pytest.raises(Cancelled, match="kept"):
            download(offered, store, report_nothing, cancel)
    kept = parts(store)
    assert len(WEIGHTS) // 2 < kept < len(WEIGHTS)
    assert visible(store) == []
    server.requests.clear()
    assert fetched(offered, store).read_bytes() == WEIGHTS
    assert server.sent() == len(WEIGHTS) - kept


def test_a_stopped_folder_goes_on_at_the_revision_it_began_with(server: LocalHub, store: Path) -> None:
    server.statuses["unet/diffusion_pytorch_model.fp16.safetensors"] = (500, "")
    assert "too busy" in refusal(MODEL, store)
    server.statuses.clear()
    server.requests.clear()
    fetched(MODEL, store)
    assert not any("/api/" in path for path in server.paths())
    assert server.sent() == len(HALVES["unet/diffusion_pytorch_model.fp16.safetensors"])


def test_nothing_is_visible_before_all_of_it_is_verified(
    server: LocalHub, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    digest = client.digest

    def looking(*arguments: Any, **options: Any) -> None:
        looks.append(visible(store))
        digest(*arguments, **options)

    monkeypatch.setattr(client, "digest", looking)
    fetched(MODEL, store)
    assert looks == [[]] * len(TEXTS | HALVES)


@pytest.mark.parametrize("name", ["unet/diffusion_pytorch_model.fp16.safetensors", "unet/config.json"])
def test_wrong_bytes_are_deleted_and_a_second_attempt_works(server: LocalHub, store: Path, name: str) -> None:
    right = (TEXTS | HALVES)[name]
    server.tampered[name] = bytes(len(right))
    assert "not what was published, and was deleted" in refusal(MODEL, store)
    assert parts(store) == 0
    server.tampered.clear()
    assert (fetched(MODEL, store) / name).read_bytes() == right


def test_bytes_that_change_on_the_disk_are_noticed(
    server: LocalHub, store: Path, offered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = transfer.append
    monkeypatch.setattr(transfer, "append", lambda stream, block: append(stream, bytes(len(block))))
    assert "was deleted" in refusal(offered, store)


@pytest.mark.parametrize("content", [WEIGHTS + b"more", WEIGHTS[:-7]])
def test_a_file_of_another_size_is_refused(server: LocalHub, store: Path, offered: str, content: bytes) -> None:
    server.tampered[SINGLE] = content
    assert "not of the size" in refusal(offered, store)
    server.tampered.clear()
    fetched(offered, store)


def test_a_file_that_changed_between_two_attempts_is_not_glued(server: LocalHub, store: Path) -> None:
    name = "unet/diffusion_pytorch_model.fp16.safetensors"
    server.cuts = [10**9, 10**9, 90_000] + [0] * transfer.PATIENCE
    assert "broke off" in refusal(MODEL, store)
    kept = parts(store)
    assert kept > 0
    changed = os.urandom(len(HALVES[name]))
    server.repositories[MODEL] = server.repositories[MODEL] | {name: changed}
    server.cuts = []
    assert "no longer the file" in refusal(MODEL, store)
    assert parts(store) >= kept
    path = fetched(MODEL, store)  # asks anew what there is
    assert (path / name).read_bytes() == changed
    assert verify(path, report_nothing, CancelToken()).well


def test_a_pinned_file_that_changed_is_refused_for_good(server: LocalHub, store: Path, offered: str) -> None:
    server.repositories["offered/one"][SINGLE] = os.urandom(len(WEIGHTS))
    for _ in range(2):
        assert "no longer the file" in refusal(offered, store)


def test_a_revision_that_is_gone_is_asked_for_anew(server: LocalHub, store: Path) -> None:
    server.cuts = [10**9, 10**9, 90_000] + [0] * transfer.PATIENCE
    assert "broke off" in refusal(MODEL, store)
    server.revision, server.cuts = "f" * 40, []
    assert "no longer has a file" in refusal(MODEL, store)
    server.requests.clear()
    record = read_record(fetched(MODEL, store))
    assert record is not None
    assert record.revision == "f" * 40
    assert 0 < server.sent("unet/diffusion_pytorch_model.fp16.safetensors") < 120_000  # the same content goes on


def test_what_is_another_file_at_the_next_revision_is_fetched_anew(server: LocalHub, store: Path) -> None:
    server.statuses[".safetensors"] = (500, "")
    assert "too busy" in refusal(MODEL, store)
    server.statuses.clear()
    server.revision = "f" * 40
    changed = server.repositories[MODEL]["unet/config.json"] + b"\n"
    server.repositories[MODEL] |= {"unet/config.json": changed}
    assert "no longer has a file" in refusal(MODEL, store)
    server.requests.clear()
    assert (fetched(MODEL, store) / "unet/config.json").read_bytes() == changed
    assert server.sent("vae/config.json") == 0  # is what it was


def test_a_server_without_ranges_starts_the_file_anew(server: LocalHub, store: Path, offered: str) -> None:
    server.cuts, server.ranges = [100_000], False
    assert fetched(offered, store).read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "", "open to you"),
        (404, "RepoNotFound", "open to you"),
        (403, "GatedRepo", "terms accepted"),
        (401, "GatedRepo", "terms accepted"),
        (403, "", "does not let you"),
        (404, "EntryNotFound", "no longer has a file"),
        (418, "", "error 418"),
    ],
)
def test_a_refusal_says_what_to_do(
    server: LocalHub, store: Path, offered: str, status: int, code: str, words: str
) -> None:
    server.statuses[SINGLE] = (status, code)
    assert words in refusal(offered, store)
    assert len(server.requests) == 1


def test_the_token_goes_to_the_hub_and_to_no_other_host(server: LocalHub, store: Path, offered: str) -> None:
    fetched(offered, store, token="hf_secret")
    assert [(r.host, r.token) for r in server.requests] == [("hub", "Bearer hf_secret"), ("storage", None)]
    server.statuses["/a-model"] = (401, "")
    with pytest.raises(ModelError, match="access token"):
        fetched(MODEL, store, token="hf_old")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EROFS, "cannot be written"),
        (errno.EFBIG, "not formatted as FAT32"),
        (errno.EIO, "check the drive"),
    ],
)
def test_a_failing_disk_keeps_what_has_arrived(
    server: LocalHub, store: Path, offered: str, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    append = transfer.append

    def fail(stream: Any, block: bytes) -> None:
        if stream.tell() > 100_000:
            raise OSError(number, os.strerror(number))
        append(stream, block)

    with monkeypatch.context() as broken:
        broken.setattr(transfer, "append", fail)
        assert words in refusal(offered, store)
    kept = parts(store)
    assert kept > 100_000
    server.requests.clear()
    fetched(offered, store)
    assert server.sent() == len(WEIGHTS) - kept


def test_a_store_without_rights_or_without_its_drive_is_said(server: LocalHub, tmp_path: Path, offered: str) -> None:
    with open_folder() as folder, without_rights(), pytest.raises(ModelError, match="cannot be written"):
        fetched(offered, folder)
    with pytest.raises(ModelError, match="plug in its drive"):
        fetched(offered, tmp_path / "not plugged in")
    assert server.requests == []


@pytest.mark.parametrize("host", ["192.0.2.1", "huggingface.co"])
def test_no_test_reaches_another_machine(host: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=host):
        socket.create_connection((host, 443), 0.1)


def test_verifying_reads_every_byte_again(server: LocalHub, store: Path, offered: str) -> None:
    path = fetched(offered, store)
    assert "as it was published" in verify(path, report_nothing, CancelToken()).sentence
    path.write_bytes(WEIGHTS[:-1] + bytes([WEIGHTS[-1] ^ 1]))
    assert not verify(path, report_nothing, CancelToken()).well
    folder = fetched(MODEL, store)
    (folder / "notes.md").write_text("mine")
    assert "as it was downloaded from someone/a-model" in verify(folder, report_nothing, CancelToken()).sentence
    (folder / "vae/config.json").write_bytes(b"{}")
    assert "has changed" in verify(folder, report_nothing, CancelToken()).sentence
    (folder / "vae/config.json").unlink()
    assert "is gone" in verify(folder, report_nothing, CancelToken()).sentence


def test_without_anything_to_compare_with_the_hash_is_said(tmp_path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    path = tmp_path / "mine.safetensors"
    save_file({"a": np.zeros(1000, np.float32)}, path)
    verdict = verify(path, report_nothing, CancelToken())
    assert verdict.well
    assert hashlib.sha256(path.read_bytes()).hexdigest() in verdict.sentence
    path.write_bytes(path.read_bytes()[:-1])
    assert "damaged or incomplete" in verify(path, report_nothing, CancelToken()).sentence
    record_path(path).write_text("{")
    assert read_record(path) is None
    with pytest.raises(ModelError, match="There is no model"):
        verify(tmp_path / "nothing", report_nothing, CancelToken())


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9", "proxy"),
        ("HTTPS_PROXY", "::::", "proxy"),
        ("HTTPS_PROXY", "ftp://127.0.0.1", "proxy"),
        ("SSL_CERT_FILE", "/nonexistent.pem", "“/nonexistent.pem”"),
    ],
)
def test_what_the_environment_says_wrongly_of_the_network_is_named(
    name: str, value: str, sentence: str, server: LocalHub, store: Path, offered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    huggingface_hub.close_session()
    monkeypatch.setenv(name, value)
    with pytest.raises(ModelError, match=sentence):
        download(offered, store, report_nothing, CancelToken())
    assert list(store.iterdir()) == []


def test_without_a_network_it_says_so_and_nothing_half_made_stays(
    server: LocalHub, store: Path, offered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match="cannot be reached"):
        download(offered, store, report_nothing, CancelToken())
    assert list(store.iterdir()) == []
