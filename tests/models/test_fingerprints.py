"""Fingerprints: what they depend on, and that gigabytes are read once, and again only when a file has changed."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from safetensors.numpy import save_file

from nti_desktop.core import disk
from nti_desktop.core.errors import Cancelled, ModelError
from nti_desktop.core.progress import CancelToken
from nti_desktop.models.library import fingerprints
from nti_desktop.models.library.catalog import find_model
from nti_desktop.models.library.fingerprints import MOST, cache_file, fingerprint, known_fingerprint, may_have
from tests.models.test_catalog import WEIGHTS, change
from tests.models.test_catalog import folder as folder
from tests.other_models import change_model, write_model


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """As in a process that has just begun."""
    fingerprints._known_here.clear()
    yield
    fingerprints._known_here.clear()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Each time a model is read."""
    times: list[tuple[object, ...]] = []
    digest = fingerprints._digest

    def counted(*asked: object) -> str:
        times.append(asked)
        return digest(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(fingerprints, "_digest", counted)
    return times


def of(model: Path) -> str:
    return fingerprint(find_model(str(model)))


def again() -> None:
    """The program is started anew."""
    fingerprints._known_here.clear()


def test_what_was_read_once_is_known_by_the_next_program(model: Path, read: list[tuple[object, ...]]) -> None:
    entry = find_model(str(model))
    assert known_fingerprint(entry) is None
    first = fingerprint(entry)
    assert known_fingerprint(entry) == first
    again()
    assert fingerprint(entry) == known_fingerprint(entry) == first
    assert len(read) == 1


def test_on_a_hit_no_byte_of_the_weights_is_read(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = find_model(str(model))
    first = fingerprint(entry)
    again()
    opened: list[str] = []
    real = disk.open_to_read

    def noted(path: Path) -> BinaryIO:
        opened.append(path.name)
        return real(path)

    monkeypatch.setattr(disk, "open_to_read", noted)
    assert fingerprint(entry) == first
    assert not [name for name in opened if name.endswith(".safetensors")]


def test_a_changed_file_is_read_anew(model: Path, read: list[tuple[object, ...]]) -> None:
    first = of(model)
    change_model(model, 0.0125)
    assert of(model) != first
    weights = model / "vae" / "diffusion_pytorch_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)  # of the same size
    second = of(model)
    os.utime(weights, ns=(0, 1))  # touched
    assert of(model) == second
    assert len(read) == 4


def test_the_same_model_in_another_place_is_read_and_has_the_same_fingerprint(
    model: Path, tmp_path: Path, read: list[tuple[object, ...]]
) -> None:
    first = of(model)
    model.rename(tmp_path / "moved")
    assert of(tmp_path / "moved") == first
    assert len(read) == 2


@pytest.mark.parametrize(
    "damage",
    [
        b"", b"{", b"[]", b'{"x": 1}', b'{"x": {"sha256": 3, "size": 1}}', b'{"x": {"sha256": "ab", "size": 1}}',
        b'{"x": {"sha256": "' + b"0" * 64 + b'", "size": "1"}}', b"[" * 100_000, b" " * (2 << 20), b"\xff",
    ],
)  # fmt: skip
def test_a_damaged_cache_is_ignored_and_replaced(model: Path, damage: bytes) -> None:
    first = of(model)
    cache_file().write_bytes(damage)
    again()
    assert of(model) == first
    assert first in cache_file().read_text()


def test_the_cache_keeps_the_newest_and_leaves_no_other_file(model: Path) -> None:
    of(model)
    (known,) = json.loads(cache_file().read_text()).values()
    cache_file().write_text(json.dumps({f"{n:064x}": known for n in range(MOST)}))
    change_model(model, 0.0125)
    newest = of(model)
    kept = json.loads(cache_file().read_text())
    assert len(kept) == MOST
    assert list(kept.values())[-1]["sha256"] == newest
    assert f"{0:064x}" not in kept
    assert [path.name for path in cache_file().parent.iterdir()] == [cache_file().name]


def test_without_a_cache_it_is_read_once_in_a_process(model: Path, read: list[tuple[object, ...]]) -> None:
    cache_file().mkdir(parents=True)  # where a file should be
    assert of(model) == of(model)
    assert len(read) == 1


def test_reading_can_be_stopped_and_nothing_is_remembered(model: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    entry = find_model(str(model))
    with pytest.raises(Cancelled):
        fingerprint(entry, cancel)
    assert known_fingerprint(entry) is None


def test_a_model_of_another_size_cannot_be_the_one(model: Path, tmp_path: Path) -> None:
    wanted = of(model)
    other = write_model(tmp_path / "other", 0.5)
    (other / "tokenizer" / "more.txt").write_text("x" * 1000)
    same_size = write_model(tmp_path / "same size", 0.014)
    assert not may_have(find_model(str(other)), wanted)
    assert may_have(find_model(str(same_size)), wanted)
    assert may_have(find_model(str(other)), "0" * 64)  # of a size that nobody knows here
    of(same_size)
    assert not may_have(find_model(str(same_size)), wanted)
    assert may_have(find_model(str(model)), wanted)


def test_the_fingerprint_depends_on_weights_configs_and_tokenizer_alone(folder: Path) -> None:
    before = fingerprint(find_model(str(folder)))
    (folder / "README.md").write_text("A model.")
    (folder / "words.txt").write_text("ball\n")
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"never read")
    assert fingerprint(find_model(str(folder))) == before
    seen = {before}
    for file in (WEIGHTS["unet"], WEIGHTS["vae"], WEIGHTS["text_encoder"]):
        save_file({"weight": np.ones(3, np.float32)}, folder / file)
        seen.add(fingerprint(find_model(str(folder))))
    change(folder, "scheduler/scheduler_config.json", beta_end=0.02)
    seen.add(fingerprint(find_model(str(folder))))
    change(folder, "tokenizer/vocab.json", b=1)
    seen.add(fingerprint(find_model(str(folder))))
    assert len(seen) == 6


def test_the_fingerprint_does_not_depend_on_the_place(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "elsewhere" / "other name")
    assert fingerprint(find_model(str(tmp_path / "elsewhere" / "other name"))) == fingerprint(find_model(str(folder)))


def test_a_fingerprint_of_a_folder_that_went_away_is_an_error(folder: Path) -> None:
    entry = find_model(str(folder))
    shutil.rmtree(folder)
    with pytest.raises(ModelError, match="is not there; plug in its drive"):
        fingerprint(entry)
