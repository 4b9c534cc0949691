"""A project is as private as its file was, and so is the state before it; a new one follows the umask."""

import sys
from pathlib import Path

import pytest

from nti_desktop.project.recovery import recover_sidecar
from nti_desktop.project.sidecar import Signature, backup_path, write_sidecar
from tests.rights import mode, umask
from tests.sidecars import make_all_arrays, make_project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files there have the rights of their folder")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "IMG 0042.JPG.nti"


def save(path: Path, versions: int, expected: Signature | None = None) -> Signature:
    return write_sidecar(path, make_project(versions), make_all_arrays(), {}, expected)


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022, 0o077], ids=oct)
def test_a_new_project_follows_the_umask(path: Path, mask: int) -> None:
    with umask(mask):
        save(path, 1, save(path, 0))
    assert mode(path) == mode(backup_path(path)) == 0o666 & ~mask


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077], ids=oct)
@pytest.mark.parametrize("kept", [0o600, 0o640, 0o664, 0o666, 0o444], ids=oct)
def test_a_saved_project_and_its_backup_keep_the_projects_mode(path: Path, kept: int, mask: int) -> None:
    signature = save(path, 0)
    path.chmod(kept)
    with umask(mask):
        signature = save(path, 1, signature)
        assert mode(path) == mode(backup_path(path)) == kept
        backup_path(path).chmod(0o666)  # as an earlier version left it
        save(path, 2, signature)
        assert mode(path) == mode(backup_path(path)) == kept


@pytest.mark.parametrize("gone", [False, True])
def test_what_is_brought_back_is_as_private_as_it_was(path: Path, gone: bool) -> None:
    signature = save(path, 0)
    path.chmod(0o600)
    save(path, 1, signature)
    path.unlink() if gone else path.write_bytes(b"damaged")
    with umask(0):
        kept = recover_sidecar(path).kept
    assert mode(path) == 0o600
    assert gone == (kept is None)
    assert kept is None or mode(kept) == 0o600
