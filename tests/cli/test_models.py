"""nti-desktop models, with a Hub on this machine that offers the built-in model as if it were somebody's."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from nti_desktop.cli import main
from nti_desktop.core.errors import ModelError
from nti_desktop.core.resources import resource
from nti_desktop.models.formats import layout
from nti_desktop.models.library import catalog
from nti_desktop.models.library.catalog import BUILT_IN, find_model
from nti_desktop.models.library.places import places_file, read_places
from tests.addition_files import as_kohya, write_lora, write_word
from tests.hub_server import REVISION, LocalHub, in_place_of_the_hub
from tests.preview_decoders import write_tiny
from tests.wild.files import write_original, write_original_vae
from tests.wild.folders import write_folder

MODEL = "someone/still-lifes"
NAME = "someone--still-lifes"
TAESD = "madebyollin/taesd"
HEAVY = {"huggingface_hub", "httpx2", "filelock", "torch", "diffusers", "transformers", "PySide6"}
ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    studio = resource("models", "studio")
    files = {path.relative_to(studio).as_posix(): path.read_bytes() for path in studio.rglob("*") if path.is_file()}
    repositories = {MODEL: files, "someone/text": {"model_index.json": b"{}"}}
    with in_place_of_the_hub(LocalHub(repositories), monkeypatch) as hub:
        yield hub


class Terminal:
    """Runs the program in this process and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def run(self, *arguments: object, code: int = 0) -> str:
        """What it printed: on standard output when all went well, else on standard error."""
        self._capsys.readouterr()
        assert main(["models", *map(str, arguments)]) == code
        printed = self._capsys.readouterr()
        return printed.err if code else printed.out

    def answer(self, *arguments: object, code: int = 0) -> Any:
        self._capsys.readouterr()
        assert main(["models", *map(str, arguments), "--json"]) == code
        return json.loads(self._capsys.readouterr().out)


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def typing(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone sits at the terminal and types this."""
    stdin = io.StringIO(text)
    monkeypatch.setattr(stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", stdin)


def test_from_the_hub_to_the_list_and_away_again(server: LocalHub, terminal: Terminal) -> None:
    answer = terminal.answer("download", MODEL, "--accept-licence")
    path = read_places().store / NAME
    assert (answer["path"], answer["revision"], answer["usable"]) == (str(path), REVISION, True)
    listed = terminal.answer("list")
    assert [(m["path"], m["source"], m["usable"]) for m in listed["models"]] == [
        *[(None, "built in", True)] * len(BUILT_IN),
        (str(path), "store", True),
    ]
    assert find_model(MODEL).id == str(path)
    entry = listed["models"][-1]
    assert entry["name"] == MODEL
    assert (entry["licence"], entry["repository"], entry["native_size"]) == ("openrail++", MODEL, 128)
    assert entry["size"] == answer["size"] == sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
    assert f"from {MODEL}" in terminal.run("list")
    assert "as it was downloaded" in terminal.run("verify", MODEL)
    weights = path / "vae" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    assert main(["models", "verify", str(path)]) == 1
    assert terminal.answer("verify", NAME, code=1)["well"] is False
    assert "already" in terminal.run("download", MODEL, "--accept-licence", code=1)
    assert "is deleted" in terminal.run("remove", NAME, "--yes")
    assert list(read_places().store.iterdir()) == []
    assert "There is no model" in terminal.run("verify", NAME, code=1)


def test_a_published_preview_decoder_is_fetched_verified_used_and_removed(
    server: LocalHub, terminal: Terminal, tmp_path: Path
) -> None:
    tiny = write_tiny(tmp_path / "tiny")
    weights = "diffusion_pytorch_model.safetensors"
    files = {name: (tiny / name).read_bytes() for name in ("config.json", weights)}
    server.repositories[TAESD] = files | {"taesd_decoder.safetensors": b"x", "README.md": b"#", "run.py": b"import os"}
    model = write_folder(read_places().store / "mine", "sd15")
    answer = terminal.answer("download", TAESD, "--accept-licence")
    folder = read_places().store / "madebyollin--taesd"
    assert (answer["path"], answer["usable"], answer["fault"]) == (str(folder), True, None)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    listed = terminal.answer("list")
    assert {m["path"]: m["preview_decoder"] for m in listed["models"]} == {None: None, str(model): str(folder)}
    assert listed["preview_decoders"] == [{"id": TAESD, "path": str(folder)}]
    said = terminal.run("list")
    assert "; previews by a small decoder" in said
    assert f"{TAESD} draws previews with Stable Diffusion 1 and Stable Diffusion 2: {folder}" in said
    assert "as it was downloaded" in terminal.run("verify", TAESD)
    (folder / weights).write_bytes(b"?")
    assert "damaged or incomplete; previews are drawn by the model’s autoencoder" in terminal.run("list")
    assert terminal.answer("verify", TAESD, code=1)["well"] is False
    assert "is deleted" in terminal.run("remove", TAESD, "--yes")
    assert [path.name for path in read_places().store.iterdir()] == ["mine"]
    assert "small decoder" not in terminal.run("list")


def test_what_is_offered_is_said_without_connecting(server: LocalHub, terminal: Terminal) -> None:
    said = terminal.run("download")
    for words in ("sd15: Stable Diffusion 1.5, 4.3 GB, CreativeML Open RAIL-M", "5.2 GB", "6.9 GB"):
        assert words in said
    assert [model["id"] for model in terminal.answer("download")["models"]] == ["sd15", "sd21", "sdxl"]
    terminal.run("list")
    terminal.run("where")
    assert server.requests == []


def test_a_licence_is_accepted_by_a_person(
    server: LocalHub, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    refused = terminal.run("download", MODEL, code=1)
    assert "--accept-licence" in refused
    assert "“openrail++”" in refused
    for answer in ("no\n", "", "y\n"):
        typing(answer, monkeypatch)
        assert "Nothing was downloaded" in terminal.run("download", MODEL, code=1)
    assert {request.path for request in server.requests} == {f"/api/models/{MODEL}"}
    typing("Yes\n", monkeypatch)
    assert "verified byte for byte" in terminal.run("download", MODEL)


def test_a_repository_that_is_no_model_leaves_nothing(server: LocalHub, terminal: Terminal) -> None:
    assert "no safetensors weights" in terminal.run("download", "someone/text", "--accept-licence", code=1)
    assert not read_places().store.exists()


def test_a_download_that_broke_off_is_listed_and_can_be_removed(server: LocalHub, terminal: Terminal) -> None:
    server.statuses["unet/diffusion_pytorch_model.safetensors"] = (403, "")
    assert "does not let you" in terminal.run("download", MODEL, "--accept-licence", code=1)
    assert f"go on with “nti-desktop models download {MODEL}”" in terminal.run("list")
    assert terminal.answer("list")["incoming"][0]["id"] == MODEL
    assert "is deleted" in terminal.run("remove", MODEL, "--yes")
    assert terminal.answer("list")["incoming"] == []


def test_models_elsewhere_are_used_where_they_are_and_only_forgotten(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = shutil.copytree(resource("models", "studio"), tmp_path / "my model")
    assert "is listed" in terminal.run("add", mine)
    assert "my model" in terminal.run("list")
    typing("no\n", monkeypatch)
    assert "Nothing was removed" in terminal.run("remove", "my model", code=1)
    typing("yes\n", monkeypatch)
    assert "its files stay where they are" in terminal.run("remove", "my model")
    assert (mine / "model_index.json").exists()
    assert "my model" not in terminal.run("list")
    terminal.run("add", mine)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert "--yes" in terminal.run("remove", mine, code=1)


def test_what_cannot_be_used_is_not_added_and_listed_with_the_reason(terminal: Terminal, tmp_path: Path) -> None:
    store = tmp_path / "store"
    terminal.run("where", "--set", store)
    (store / "bad").mkdir()
    (store / "bad" / "model_index.json").write_text("{}")
    assert terminal.run("add", store / "bad", code=1).count("\n") == 1
    assert "Not usable" in terminal.run("list")
    entry = terminal.answer("list")["models"][-1]
    assert entry["usable"] is False
    assert entry["fault"]


def test_a_foreign_file_costs_its_own_row_and_no_other(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = read_places().store
    store.mkdir(parents=True)
    for name in ("first", "second"):
        shutil.copytree(resource("models", "studio"), store / name)
    names = ("float8_e4m3fn", "bfloat16", "int4")
    for name in names:
        header = json.dumps({"x.weight": {"dtype": name, "shape": [1], "data_offsets": [0, 1]}}).encode()
        (store / f"{name}.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"?")
    understood = layout.check_layout

    def surprised(folder: Path, *given: Any) -> Any:
        if folder.name == "first":
            raise AttributeError("module 'numpy' has no attribute 'float8_e4m3fn'")
        return understood(folder, *given)

    monkeypatch.setattr(catalog, "check_layout", surprised)
    usable = {model["name"]: model["usable"] for model in terminal.answer("list")["models"]}
    assert usable["second"]
    assert not any(usable[f"{name}.safetensors"] for name in names)
    assert not usable["first"]
    assert "“first” cannot be read as a model (AttributeError); get it again" in terminal.run("list")
    assert [entry.name for entry in catalog.installed()][len(BUILT_IN) :] == ["second"]


def test_a_model_is_paired_with_another_autoencoder_and_parted_again(terminal: Terminal, tmp_path: Path) -> None:
    bare = write_original(tmp_path / "bare.safetensors", "sd15", dtype=torch.float16, without="vae")
    vae = write_original_vae(tmp_path / "vae.safetensors", dtype=torch.float16)
    assert "--vae FILE" in terminal.run("add", bare, code=1)
    assert f"with the autoencoder “{vae}”" in terminal.run("add", bare, "--vae", vae)
    assert find_model(str(bare)).files.autoencoder_file == vae
    (listed,) = (model for model in terminal.answer("list")["models"] if model["path"] == str(bare))
    assert (listed["usable"], listed["vae"]) == (True, str(vae))
    assert f"; with the autoencoder “{vae}”" in terminal.run("list")
    assert "is an autoencoder (VAE) alone" in terminal.run("add", vae, code=1)
    assert terminal.run("add", bare, code=1)  # which changes nothing
    assert find_model(str(bare)).files.autoencoder_file == vae
    terminal.run("remove", bare, "--yes")
    with pytest.raises(ModelError, match="lacks the model's autoencoder"):
        find_model(str(bare))
    whole = write_folder(tmp_path / "whole", "tiny-sd")
    terminal.run("add", whole, "--vae", vae)
    assert find_model(str(whole)).files.autoencoder_file == vae
    terminal.run("add", whole)
    assert find_model(str(whole)).files.autoencoder_file is None


def test_a_model_is_given_a_lora_and_a_word_and_parted_from_them_again(terminal: Terminal, tmp_path: Path) -> None:
    model, style, mug = (
        write_folder(tmp_path / "model", "sd15"),
        tmp_path / "style.safetensors",
        tmp_path / "mug.safetensors",
    )
    terminal.run("add", model)
    write_lora(style, {"unet.conv_in": (32, 4, 3, 3)}, as_kohya)
    write_word(mug)
    assert "is given nothing" in terminal.run("extend", "model")
    said = terminal.run("extend", "model", style, "--weight", "0.7")
    assert said == "“model” is used with “style.safetensors” from now on (LoRA, weight 0.7).\n"
    terminal.run("extend", model, mug)
    assert terminal.run("extend", "model") == f"{style}: LoRA, weight 0.7\n{mug}: embedding, “mug” in a sentence\n"
    assert "Given LoRA: “style.safetensors”, weight 0.7. Given embedding" in terminal.run("list")
    (listed,) = (row for row in terminal.answer("list")["models"] if row["path"] == str(model))
    assert [(row["file"], row["weight"], row["word"]) for row in listed["additions"]] == [
        (str(style), 0.7, ""),
        (str(mug), None, "mug"),
    ]
    assert "must lie between 0 and 2" in terminal.run("extend", "model", style, "--weight", "3", code=2)
    mug.unlink()
    assert f"“{mug}” is not there" in terminal.run("list")
    terminal.run("extend", "model", "mug.safetensors", "--remove")
    terminal.run("extend", "model", style, "--remove")
    assert terminal.answer("extend", "model")["additions"] == []
    assert style.is_file()
    assert "no model by itself; give it to one among its additions" in terminal.run("add", style, code=1)


def test_where_moves_the_setting_and_not_the_files(terminal: Terminal, tmp_path: Path) -> None:
    before = read_places().store
    assert str(before) in terminal.run("where")
    said = terminal.run("where", "--set", tmp_path / "other drive" / "models")
    assert f"Models that are in “{before}” stay there" in said
    assert terminal.answer("where") == {"store": str(tmp_path / "other drive" / "models"), "notes": []}
    shutil.rmtree(tmp_path / "other drive")
    for command in ("where", "list"):
        assert "plug in its drive" in terminal.run(command)
    assert "plug in its drive" in terminal.run("download", "sd15", "--accept-licence", code=1)
    (tmp_path / "file").write_text("")
    assert "cannot be made a folder" in terminal.run("where", "--set", tmp_path / "file", code=1)


def test_a_damaged_list_of_places_is_said_and_stops_downloads_only(terminal: Terminal, tmp_path: Path) -> None:
    places_file().parent.mkdir(parents=True)
    places_file().write_text("{")
    assert "is damaged" in terminal.run("list")
    assert "is damaged" in terminal.run("download", "sd15", "--accept-licence", code=1)
    assert "is damaged" not in terminal.run("where", "--set", tmp_path / "store")
    assert places_file().with_name("models.json.damaged-1").read_text() == "{"


def test_wrong_use_is_one_sentence(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where nothing lies by any of these names
    assert "--help" in terminal.run(code=2)
    assert "--help" in terminal.run("verify", code=2)
    assert "neither" in terminal.run("download", "../x", "--accept-licence", code=1)
    with pytest.raises(ModelError, match="nti-desktop models download sdxl"):
        find_model("sdxl")
    for id in ("../x", "someone/not-here", "a/../../b"):
        with pytest.raises(ModelError, match="There is no model"):
            find_model(id)


def program(server: LocalHub, *arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "HF_ENDPOINT": server.endpoint, "HF_HUB_OFFLINE": "0", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "models", *arguments],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_ctrl_c_keeps_what_has_arrived_and_the_next_call_goes_on(server: LocalHub) -> None:
    name = "unet/diffusion_pytorch_model.safetensors"
    size = len(server.repositories[MODEL][name])
    server.delays = [0.0] * 2 + [1.0]  # the UNet comes last
    with program(server, "download", MODEL, "--accept-licence") as first:
        deadline = time.monotonic() + 20
        while server.sent(name) < size // 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        first.send_signal(signal.SIGINT)
        assert first.wait(20) == 1
        assert first.stderr is not None
        assert "what has arrived is kept" in first.stderr.read()
    kept = sum(path.stat().st_size for path in read_places().store.rglob("*.part"))
    assert 0 < kept < size
    server.requests.clear()
    with program(server, "download", MODEL, "--accept-licence") as second:
        assert second.wait(30) == 0
    assert server.sent() == size - kept


def test_looking_at_models_loads_neither_the_hubs_client_nor_torch() -> None:
    code = (
        "import sys\nfrom nti_desktop.cli import main\n"
        "for given in (['list'], ['where'], ['download'], ['list', '--json'], ['where', '--set', '/tmp']):\n"
        "    assert main(['models', *given]) == 0\n"
        f"print(sorted({HEAVY} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "[]"
