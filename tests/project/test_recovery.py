"""A project that is damaged or gone comes back as it was before its last save, and nothing good is ever overwritten."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nti_desktop.core.errors import SidecarError
from nti_desktop.project.recovery import recover_sidecar
from nti_desktop.project.sidecar import (
    SidecarChanged,
    SidecarNewer,
    Signature,
    backup_path,
    find_lost,
    read_sidecar,
    sidecar_path,
    write_sidecar,
)
from tests.sidecars import make_all_arrays, make_project, read_whole

WEBP = b"RIFF\x04\x00\x00\x00WEBP"


def save(path: Path, versions: int, expected: Signature | None = None) -> Signature:
    return write_sidecar(path, make_project(versions), make_all_arrays(), {"v0": WEBP}, expected)


def at(path: Path, part: bytes) -> int:
    return path.read_bytes().index(part)


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def rotten_arrays(path: Path) -> None:
    """It opens, and what it was prepared with cannot be read."""
    flip(path, at(path, make_all_arrays()["two"]["pivot"].tobytes()) + 50)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "something else": lambda path: path.write_bytes(b"no project at all"),
    "rotten arrays": rotten_arrays,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a project that was saved twice: the backup has one version, the file three."""
    path = tmp_path / "IMG 0042.JPG.nti"
    save(path, 3, save(path, 1))
    return path


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_project_comes_back_and_the_damaged_file_is_kept(
    path: Path, damage: Callable[[Path], object]
) -> None:
    good = read_whole(backup_path(path))
    damage(path)
    damaged = path.read_bytes()
    recovered = recover_sidecar(path)
    assert recovered.sidecar == path
    assert recovered.kept == path.with_name(path.name + ".damaged")
    assert recovered.kept.read_bytes() == damaged
    assert read_whole(path) == good
    assert read_whole(backup_path(path)) == good


def test_a_project_that_is_gone_comes_back(path: Path) -> None:
    path.unlink()
    assert recover_sidecar(path).kept is None
    assert read_sidecar(path).project == make_project(1)


def test_a_file_that_was_kept_before_stays(path: Path) -> None:
    for number, name in enumerate(("", "-2", "-3")):
        path.write_bytes(b"damaged %d" % number)
        kept = recover_sidecar(path).kept
        assert kept == path.with_name(f"{path.name}.damaged{name}")
    kept = sorted(path.parent.glob("*.damaged*"))
    assert [file.read_bytes() for file in kept] == [b"damaged 0", b"damaged 1", b"damaged 2"]


def test_a_sound_project_is_not_replaced_by_an_older_state(path: Path) -> None:
    with pytest.raises(SidecarError, match="is not damaged"):
        recover_sidecar(path)
    assert read_sidecar(path).project == make_project(3)


def test_a_project_of_a_newer_program_is_not_replaced(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (members | {"project.json": b'{"schema_version": 9}'}).items():
            archive.writestr(zipfile.ZipInfo(name), data)
    before = path.read_bytes()
    with pytest.raises(SidecarNewer):
        recover_sidecar(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("backup", ["missing", "rotten"])
def test_without_an_intact_backup_nothing_is_touched(path: Path, backup: str) -> None:
    if backup == "missing":
        backup_path(path).unlink()
    else:
        rotten_arrays(backup_path(path))
    path.write_bytes(b"nothing")
    with pytest.raises(SidecarError, match="no intact"):
        recover_sidecar(path)
    assert path.read_bytes() == b"nothing"
    assert not list(path.parent.glob("*.damaged*"))


def test_a_rotten_preview_is_no_damage_and_no_reason_to_refuse_a_save(path: Path) -> None:
    flip(path, at(path, WEBP))
    with pytest.raises(SidecarError, match="is not damaged"):
        recover_sidecar(path)
    stored = read_sidecar(path)
    write_sidecar(path, make_project(4), {}, {}, stored.signature)
    assert read_sidecar(path).project == make_project(4)
    assert read_sidecar(path).preview("v0") is None


@pytest.mark.parametrize("damage", ["moved away", "deleted"])
def test_who_begins_anew_never_loses_what_could_be_brought_back(path: Path, damage: str) -> None:
    good = read_whole(backup_path(path))
    path.write_bytes(b"damaged")
    if damage == "moved away":
        path.rename(path.with_name("elsewhere"))
    else:
        path.unlink()
    signature = save(path, 0)
    for versions in range(1, 4):
        signature = save(path, versions, signature)
    assert read_whole(path.with_name(path.name + ".earlier")) == good
    assert read_sidecar(backup_path(path)).project == make_project(2)


def test_who_begins_anew_twice_loses_nothing_either(path: Path) -> None:
    kept = []
    for _ in range(2):
        kept.append(backup_path(path).read_bytes())
        path.unlink()
        save(path, 2, save(path, 0))
    found = [path.with_name(f"{path.name}.earlier{number}").read_bytes() for number in ("", "-2")]
    assert found == kept


def test_a_save_that_is_refused_moves_no_backup(path: Path) -> None:
    before = backup_path(path).read_bytes()
    with pytest.raises(SidecarChanged):
        save(path, 2, None)
    assert backup_path(path).read_bytes() == before


def test_what_is_left_of_a_project_is_found_where_the_project_lay(path: Path) -> None:
    identity = "ab" * 32
    photo = path.with_name("IMG 0042.JPG")
    assert find_lost(photo, identity) is None
    path.unlink()
    assert find_lost(photo, identity) == path
    card = path.parent / "DCIM" / "IMG 1.JPG"
    card.parent.mkdir()
    elsewhere = sidecar_path(card, identity)
    save(elsewhere, 2, save(elsewhere, 1))
    assert find_lost(card, identity) is None
    elsewhere.unlink()
    assert find_lost(card, identity) == elsewhere
