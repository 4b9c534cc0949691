"""What of a repository is downloaded, and what is refused before a byte of it is."""

import json
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from nti_desktop.core.errors import ModelError
from nti_desktop.core.progress import CancelToken
from nti_desktop.models.hub import client
from nti_desktop.models.hub.client import plan_download
from nti_desktop.models.hub.selection import HubFile, choose
from tests.hub_server import REVISION, LocalHub
from tests.models.hub.downloads import FULL, HALVES, MODEL, SINGLE, TEXTS, WEIGHTS, fetched, refusal


def test_a_missing_repository_is_named(server: LocalHub, store: Path) -> None:
    assert "“no/body”" in refusal("no/body", store)


Usage = namedtuple("Usage", "total used free")


def test_a_drive_without_room_is_said_before_a_byte_is_fetched(
    server: LocalHub, store: Path, offered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, len(WEIGHTS) + client.MARGIN - 1))
    assert "0.5 GB are free" in refusal(offered, store)
    assert server.requests == []
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, len(WEIGHTS) + client.MARGIN))
    fetched(offered, store)


def test_what_is_there_already_is_not_overwritten(server: LocalHub, store: Path, offered: str) -> None:
    (store / SINGLE).write_bytes(b"mine")
    with pytest.raises(ModelError, match="already"):
        fetched(offered, store)
    assert (store / SINGLE).read_bytes() == b"mine"
    assert server.requests == []


@pytest.mark.parametrize(
    "wanted",
    [
        "../x", "a/../b", "/etc/passwd", "a/b/c", "a", "", "a/", "a/b\n", "a/b\0", "a/.b", "a/b.", "a--b/c", "a/b..c",
        "C:/x", "a\\b/c", "a/b?x", "a/b#x", "a/b%2e", "ä/b", "a/b.git", "a" * 97 + "/b", "https://x/y",
    ],
)  # fmt: skip
def test_an_id_with_tricks_is_refused_without_asking(server: LocalHub, store: Path, wanted: str) -> None:
    assert "neither" in refusal(wanted, store)
    assert server.requests == []
    assert list(store.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../evil.json", "/etc/evil", "unet/../../x", "C:\\evil", "unet\\..\\x", "unet/a\nb.json", "\\\\host\\x"]
)
def test_a_list_with_path_tricks_is_refused(server: LocalHub, store: Path, name: str) -> None:
    server.repositories[MODEL] = TEXTS | HALVES | {name: b"x"}
    assert "outside its own folder" in refusal(MODEL, store)


@pytest.mark.parametrize("name", ["unet/CON.json", "unet/a b.json", "unet/-x.json", "tokenizer/ä.txt"])
def test_names_that_no_model_has_are_refused(server: LocalHub, store: Path, name: str) -> None:
    server.repositories[MODEL] = TEXTS | HALVES | {name: b"x"}
    assert "nothing a model has" in refusal(MODEL, store)


@pytest.mark.parametrize(
    "listed",
    [
        {"sha": "main"},
        {"sha": None},
        {"siblings": None},
        {"siblings": [1]},
        {"siblings": [{"rfilename": "model_index.json", "size": -5, "blobId": "0" * 40}]},
        {"siblings": [{"rfilename": "model_index.json", "size": 10**15, "blobId": "0" * 40}]},
        {"siblings": [{"rfilename": "model_index.json", "size": 5, "blobId": "../../x"}]},
        {"siblings": [{"rfilename": "model_index.json", "size": 5, "lfs": {"sha256": "x"}}]},
        {"siblings": [{"rfilename": "model_index.json", "size": "5", "blobId": "0" * 40}]},
        {"cardData": "x", "siblings": []},
        {"siblings": [{"rfilename": "x" * 20_000_000}]},
    ],
)
def test_a_list_that_makes_no_sense_is_one_sentence(server: LocalHub, store: Path, listed: dict[str, Any]) -> None:
    server.listed = listed
    refusal(MODEL, store)
    assert len(server.requests) == 1


def test_a_model_of_absurd_size_is_refused(server: LocalHub, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LARGEST_MODEL", 200_000)
    assert "more than any model" in refusal(MODEL, store)


def test_a_damaged_plan_is_made_again(server: LocalHub, store: Path) -> None:
    folder = store / ".incoming" / "someone--a-model"
    folder.mkdir(parents=True)
    for content in ("{", "[]", json.dumps({"files": [{"name": "../x"}]})):
        (folder / "plan.json").write_text(content)
        assert plan_download(MODEL, store, CancelToken()).revision == REVISION


def files(*names: str) -> list[HubFile]:
    return [HubFile(name, 10, "0" * 64) for name in names]


def chosen(*weights: str) -> set[str]:
    texts = files("model_index.json", "unet/config.json")
    return {file.name for file in choose([*texts, *files(*weights)], MODEL) if "safetensors" in file.name}


def test_the_half_variant_is_taken_only_where_every_part_has_it() -> None:
    full = tuple(FULL)
    assert chosen(*full, *HALVES) == set(HALVES)
    assert chosen(*full, "unet/diffusion_pytorch_model.fp16.safetensors") == set(full)
    assert chosen(*full, *HALVES, "text_encoder_2/model.safetensors") == {*full, "text_encoder_2/model.safetensors"}
    assert chosen(*full[1:], *HALVES, "text_encoder_2/model.safetensors") >= {next(iter(HALVES)), *full[1:]}


def test_weights_in_pieces_come_with_their_table() -> None:
    pieces = [f"unet/diffusion_pytorch_model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    table = "unet/diffusion_pytorch_model.safetensors.index.json"
    rest = [name for name in FULL if not name.startswith("unet")]
    assert chosen(*rest, *pieces, table) == {*rest, *pieces, table}


@pytest.mark.parametrize("named", ["{stem}.fp16-0000{n}-of-00002{end}", "{stem}-0000{n}-of-00002.fp16{end}"])
def test_pieces_in_half_precision_come_with_their_table_and_are_preferred(named: str) -> None:
    def pieces_of(part: str, stem: str) -> set[str]:
        pieces = {f"{part}/{named.format(stem=stem, n=n, end='.safetensors')}" for n in (1, 2)}
        return {*pieces, f"{part}/{stem}.safetensors.index.fp16.json"}

    unet, text = pieces_of("unet", "diffusion_pytorch_model"), pieces_of("text_encoder", "model")
    single = {name for name in HALVES if name.startswith("vae")}
    assert chosen(*FULL, *single, *unet, *text) == {*single, *unet, *text}
    others = {name for name in FULL if not name.startswith("unet")}
    assert chosen(*others, *unet) == {*others, *unet}  # the UNet is there in half precision only
    for missing in unet:
        assert chosen(*FULL, *HALVES, *unet - {missing}) == set(HALVES)
        assert chosen(*FULL, *single, *text, *unet - {missing}) == set(FULL)
        with pytest.raises(ModelError, match="has no safetensors weights"):
            chosen(*others, *unet - {missing})


def test_of_a_published_preview_decoder_two_files_are_chosen() -> None:
    names = "README.md", "config.json", "diffusion_pytorch_model.safetensors", "taesd_encoder.safetensors"
    found = choose(files(*names), "madebyollin/taesd")
    assert {file.name for file in found} == {"config.json", "diffusion_pytorch_model.safetensors"}
    for repository in ("madebyollin/taesd3", "someone/taesd"):
        with pytest.raises(ModelError, match="not in the diffusers layout"):
            choose(files(*names), repository)
    with pytest.raises(ModelError, match="no longer has a preview decoder"):
        choose(files(*names[:2]), "madebyollin/taesd")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["all.safetensors"], "not in the diffusers layout"),
        (["model_index.json", "transformer/config.json"], "transformer"),
        (["model_index.json", "unet/diffusion_pytorch_model.bin"], "only pickled weights"),
        (["model_index.json", "unet/config.json"], "no safetensors weights"),
    ],
)
def test_a_repository_without_a_model_for_this_program_is_refused(names: list[str], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        choose(files(*names), MODEL)
