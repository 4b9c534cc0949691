"""A file that replaces another has its owner, group, mode and access list, as if it had been written to in place."""

import errno
import os
import stat
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nti_desktop.core import atomic, rights
from tests.rights import NOBODY, mode, open_folder, umask, without_rights

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files there have the rights of their folder")
needs_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")

UMASKS = (0o000, 0o022, 0o027, 0o077)
MODES = (0o600, 0o640, 0o644, 0o660, 0o664, 0o666, 0o400, 0o444)


def replaced_at_once(path: Path) -> None:
    atomic.write_bytes(path, b"after")


def replaced_later(path: Path) -> None:
    with atomic.write_beside(path, [b"after"], like=path) as temporary:
        atomic.replace(temporary, path)


@pytest.mark.parametrize("replace", [replaced_at_once, replaced_later])
@pytest.mark.parametrize("mask", UMASKS, ids=oct)
def test_a_replaced_file_keeps_its_mode_whatever_the_umask(
    tmp_path: Path, replace: Callable[[Path], None], mask: int
) -> None:
    path = tmp_path / "file"
    for kept in MODES:
        path.unlink(missing_ok=True)
        path.write_bytes(b"before")
        path.chmod(kept)
        with umask(mask):
            replace(path)
        assert path.read_bytes() == b"after"
        assert mode(path) == kept


@pytest.mark.parametrize("mask", UMASKS, ids=oct)
def test_a_new_file_follows_the_umask(tmp_path: Path, mask: int) -> None:
    with umask(mask):
        atomic.write_bytes(tmp_path / "file", b"new")
    assert mode(tmp_path / "file") == 0o666 & ~mask


@pytest.mark.parametrize("kept", MODES, ids=oct)
def test_a_copy_has_the_mode_of_what_it_is_a_copy_of(tmp_path: Path, kept: int) -> None:
    """Also where the copy of before had another one: it holds the same."""
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_bytes(b"private")
    source.chmod(kept)
    copy.write_bytes(b"before")
    copy.chmod(0o666)
    for _ in range(2):
        atomic.copy(source, copy)
        assert mode(copy) == kept
        copy.unlink()


def test_a_private_file_is_private_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    path.chmod(0o600)
    seen = []
    with umask(0):
        atomic.write_whole(path, lambda file: seen.append(stat.S_IMODE(os.fstat(file.fileno()).st_mode)))
    assert seen == [0o600]


def test_what_a_link_leads_to_says_the_mode(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"before")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "astray").symlink_to("nowhere")
    with umask(0o022):
        atomic.write_bytes(tmp_path / "link", b"after")
        atomic.write_bytes(tmp_path / "astray", b"after")
    assert mode(tmp_path / "link") == 0o640
    assert mode(tmp_path / "astray") == 0o644


@needs_root
def test_root_gives_a_replaced_file_back_to_its_owner_and_group(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    os.chown(path, 1234, 5678)
    path.chmod(0o640)
    atomic.write_bytes(path, b"after")
    status = path.stat()
    assert (status.st_uid, status.st_gid, mode(path)) == (1234, 5678, 0o640)


@contextmanager
def in_the_group(group: int) -> Iterator[None]:
    before = os.getgroups()
    os.setgroups([group])
    try:
        with without_rights():
            yield
    finally:
        os.setgroups(before)


@needs_root
@pytest.mark.parametrize("kept", [0o640, 0o660, 0o664])
def test_the_group_of_a_shared_file_is_kept_by_whoever_is_in_it(kept: int) -> None:
    with open_folder() as folder:
        folder.chmod(0o777)
        path = folder / "file"
        path.write_bytes(b"before")
        os.chown(path, 1234, 5678)
        path.chmod(kept)
        with in_the_group(5678):
            atomic.write_bytes(path, b"after")
        status = path.stat()
        assert (status.st_uid, status.st_gid, mode(path)) == (NOBODY, 5678, kept)


@needs_root
@pytest.mark.parametrize(("before", "after"), [(0o640, 0o600), (0o660, 0o600), (0o664, 0o644), (0o666, 0o666)])
def test_a_group_that_cannot_be_kept_gives_its_rights_to_no_other(before: int, after: int) -> None:
    with open_folder() as folder:
        folder.chmod(0o777)
        path = folder / "file"
        path.write_bytes(b"before")
        os.chown(path, 1234, 5678)
        path.chmod(before)
        with in_the_group(91), umask(0):
            atomic.write_bytes(path, b"after")
        assert path.stat().st_gid != 5678
        assert mode(path) == after


def access_list(*, reader: int) -> bytes:
    """The owner reads and writes, one other user reads, the group and the rest nothing."""
    tags = ((0x01, 6, -1), (0x02, 4, reader), (0x04, 0, -1), (0x10, 4, -1), (0x20, 0, -1))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *tag) for tag in tags)


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    if sys.platform != "linux":
        pytest.skip("access lists are kept on Linux")
    try:
        os.setxattr(path, "system.posix_acl_access", access_list(reader=1234))
    except OSError:
        pytest.skip("there are no access lists here")
    return path


def test_an_access_list_and_the_tags_of_other_programs_stay(listed: Path) -> None:
    os.setxattr(listed, "user.xdg.tags", b"family")
    before = os.getxattr(listed, "system.posix_acl_access")
    atomic.write_bytes(listed, b"after")
    assert os.getxattr(listed, "system.posix_acl_access") == before
    assert os.getxattr(listed, "user.xdg.tags") == b"family"


def test_a_folders_own_access_list_gives_nobody_more_than_the_file_did(listed: Path) -> None:
    """It is for new files; one that replaces another may have been kept from those people."""
    os.removexattr(listed, "system.posix_acl_access")
    listed.chmod(0o660)
    os.setxattr(listed.parent, "system.posix_acl_default", access_list(reader=4321))
    atomic.write_bytes(listed, b"after")
    assert os.listxattr(listed) == []
    assert mode(listed) == 0o660
    atomic.write_bytes(listed.with_name("new"), b"new")
    assert os.listxattr(listed.with_name("new")) == ["system.posix_acl_access"]


def test_without_its_access_list_a_file_is_not_the_groups(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mode's middle bits tell what a listed user may, which the group must not inherit."""
    assert mode(listed) == 0o640

    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(os, "setxattr", refuse)
    atomic.write_bytes(listed, b"after")
    assert mode(listed) == 0o600


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOSYS, errno.ENOTSUP], ids=errno.errorcode.get)
def test_a_file_system_without_modes_and_owners_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(code, os.strerror(code))

    for call in ("fchmod", "fchown", "listxattr"):
        monkeypatch.setattr(rights.os, call, refuse)
    path = tmp_path / "file"
    for data in (b"first", b"second"):
        atomic.write_bytes(path, data)
        assert path.read_bytes() == data
