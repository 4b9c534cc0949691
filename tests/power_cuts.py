"""A disk that is watched, and all that a power cut may leave of it.

`Watched` notes what a program asks of the system beneath one folder, whichever way it asks. What a file holds is on the
disk with its fsync, a name with the fsync of its folder; until then each name may be there or not, and of what was
written to a file all, half, nothing, or only the length.
"""

import functools
import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

import pytest

ALL_SUBSETS = 6  # names that are not on the disk yet, of which any may come there; of more see `_kept`
_TEMPORARY = ".nti-tmp"
_AGED = "/log"  # files that are told apart by their age

Node = Union["File", "Folder"]
Left = tuple[tuple[str, bytes | None, int], ...]
"""A disk: each path, its content (None: a folder), and its rank among files that are told apart by their age."""


@dataclass(eq=False)
class File:
    """content: as the program sees it; synced: what is on the disk for certain; written: number of the last write."""

    content: bytes = b""
    synced: bytes = b""
    written: int = 0

    def fates(self) -> list[bytes]:
        """What a power cut may leave of it."""
        old, new = self.synced, self.content
        fates = (old, new[: (len(old) + len(new)) // 2], old + bytes(max(0, len(new) - len(old))), new)
        return list(dict.fromkeys(fates))


@dataclass(eq=False)
class Folder:
    """entries: as the program sees them; durable: those that are on the disk for certain."""

    entries: dict[str, Node] = field(default_factory=dict)
    durable: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Naming:
    """Names of a folder come to mean something else, or nothing, in one."""

    folder: Folder
    changes: tuple[tuple[str, Node | None], ...]

    def apply(self, entries: dict[str, Node]) -> None:
        """Change what the names mean."""
        for name, node in self.changes:
            if node is None:
                entries.pop(name, None)
            else:
                entries[name] = node


class Watched:
    """A folder of a real disk, empty at first. operations: how many were asked for; noticed: is called after each."""

    def __init__(self, root: Path) -> None:
        self.root, self.operations = root, 0
        self.noticed: Callable[[], None] = lambda: None
        self._top = Folder()
        self._pending: list[Naming] = []
        self._written: list[File] = []  # and not synced
        self._opened: dict[int, Node] = {}

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Begin. From now on nothing is really synced, which only a power cut would notice."""
        for name in (
            "open",
            "close",
            "dup",
            "write",
            "fsync",
            "replace",
            "rename",
            "unlink",
            "remove",
            "mkdir",
            "rmdir",
        ):
            call = {"rename": "replace", "remove": "unlink"}.get(name, name)
            patch.setattr(os, name, functools.partial(getattr(self, f"_{call}"), getattr(os, name)))

    def by_others(self, change: Callable[[], None]) -> None:
        """Let another program change files; what it did is on the disk at once."""
        noticed, self.noticed, mine = self.noticed, lambda: None, len(self._pending)
        written, self._written = self._written, []
        change()
        for naming in self._pending[mine:]:
            naming.apply(naming.folder.durable)
        for file in self._written:
            file.synced = file.content
        del self._pending[mine:]
        self._written, self.noticed = written, noticed
        self._did()

    # What is left

    def survivors(self) -> Iterator[Left]:
        """Every disk that a power cut may leave now."""
        for kept in _kept(self._pending):
            entries: dict[Folder, dict[str, Node]] = {}
            for naming in kept:
                naming.apply(entries.setdefault(naming.folder, dict(naming.folder.durable)))
            found = list(_walk(self._top, "", entries))
            ages = sorted({node.written for path, node in found if path.endswith(_AGED) and isinstance(node, File)})
            fates = [list(_fates(path, node)) for path, node in found]
            ranks = [
                ages.index(node.written) if isinstance(node, File) and path.endswith(_AGED) else 0
                for path, node in found
            ]
            for contents in itertools.product(*fates):
                rows = zip((path for path, _ in found), contents, ranks, strict=True)
                yield tuple(dict.fromkeys((_said(path), *rest) for path, *rest in rows))

    # What is asked of the system

    def _did(self) -> None:
        self.operations += 1
        self.noticed()

    def _place(self, path: Any, folder: int | None = None) -> tuple[Folder, str] | None:
        """The folder and the name that a path means; None where it lies elsewhere."""
        if isinstance(path, int):
            return None
        base = os.getcwd() if folder is None else os.readlink(f"/proc/self/fd/{folder}")
        whole = os.path.normpath(os.path.join(base, os.fsdecode(path)))
        if not whole.startswith(f"{self.root}/"):
            return None
        *parents, name = whole[len(str(self.root)) + 1 :].split("/")
        node: Node | None = self._top
        for parent in parents:
            node = node.entries.get(parent) if isinstance(node, Folder) else None
        return (node, name) if isinstance(node, Folder) else None

    def _name(self, folder: Folder, *changes: tuple[str, Node | None]) -> None:
        naming = Naming(folder, changes)
        naming.apply(folder.entries)
        self._pending.append(naming)
        self._did()

    def _append(self, file: File, data: bytes) -> None:
        file.content += data
        self._written.append(file)
        self._did()
        file.written = self.operations

    def _catch_up(self, handle: int) -> None:
        """Note what was written through a Python file."""
        file = self._opened.get(handle)
        if isinstance(file, File):
            with open(f"/proc/self/fd/{handle}", "rb") as now:
                content = now.read()
            if content != file.content:
                assert content.startswith(file.content)
                self._append(file, content[len(file.content) :])

    def _open(
        self, real: Callable[..., int], path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None
    ) -> int:
        place = self._place(path, dir_fd)
        handle = real(path, flags, mode, dir_fd=dir_fd)
        self._opened.pop(handle, None)  # of a file that Python closed
        if place is not None:
            folder, name = place
            if name not in folder.entries:
                self._name(folder, (name, File()))
            node = folder.entries[name]
            if isinstance(node, Folder) or flags & (os.O_WRONLY | os.O_RDWR):
                self._opened[handle] = node
        elif str(path) == str(self.root):
            self._opened[handle] = self._top
        return handle

    def _close(self, real: Callable[[int], None], handle: int) -> None:
        self._catch_up(handle)
        self._opened.pop(handle, None)
        real(handle)

    def _dup(self, real: Callable[[int], int], handle: int) -> int:
        same = real(handle)
        self._opened.pop(same, None)
        if handle in self._opened:
            self._opened[same] = self._opened[handle]
        return same

    def _write(self, real: Callable[[int, bytes], int], handle: int, data: bytes) -> int:
        self._catch_up(handle)
        count = real(handle, data)
        file = self._opened.get(handle)
        if isinstance(file, File):
            self._append(file, bytes(data[:count]))
        return count

    def _fsync(self, _real: object, handle: int) -> None:
        self._catch_up(handle)
        node = self._opened.get(handle)
        if isinstance(node, File):
            node.synced = node.content
        elif node is not None:
            node.durable = dict(node.entries)
            self._pending = [naming for naming in self._pending if naming.folder is not node]
        if node is not None:
            self._did()

    def _replace(self, real: Callable[..., None], source: Any, target: Any) -> None:
        before, after = self._place(source), self._place(target)
        real(source, target)
        if before is not None and after is not None:
            assert before[0] is after[0], "moves between folders are not watched"
            self._name(before[0], (before[1], None), (after[1], before[0].entries[before[1]]))

    def _unlink(self, real: Callable[..., None], path: Any, *, dir_fd: int | None = None) -> None:
        place = self._place(path, dir_fd)
        real(path, dir_fd=dir_fd)
        if place is not None:
            self._name(place[0], (place[1], None))

    def _mkdir(self, real: Callable[..., None], path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        place = self._place(path, dir_fd)
        real(path, mode, dir_fd=dir_fd)
        if place is not None:
            self._name(place[0], (place[1], Folder()))

    def _rmdir(self, real: Callable[..., None], path: Any, *, dir_fd: int | None = None) -> None:
        place = self._place(path, dir_fd)
        real(path, dir_fd=dir_fd)
        if place is not None:
            self._name(place[0], (place[1], None))


def lay_out(root: Path, left: Left) -> None:
    """Make a folder the disk that was left."""
    empty(root)
    for path, content, rank in left:
        if content is None:
            (root / path).mkdir()
        else:
            (root / path).write_bytes(content)
            os.utime(root / path, (rank, rank))


def empty(root: Path) -> None:
    """Take everything out of a folder."""
    for entry in list(root.iterdir()):
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _kept(pending: Sequence[Naming]) -> Iterator[Sequence[Naming]]:
    """Which of the pending names come to the disk: any; of many those before a moment, all but one, or one alone."""
    if len(pending) <= ALL_SUBSETS:
        for count in range(len(pending) + 1):
            yield from itertools.combinations(pending, count)
        return
    for number in range(len(pending) + 1):
        yield pending[:number]
        yield [*pending[:number], *pending[number + 1 :]]
        yield pending[number : number + 1]


def _walk(folder: Folder, path: str, entries: dict[Folder, dict[str, Node]]) -> Iterator[tuple[str, Node]]:
    for name, node in sorted(entries.get(folder, folder.durable).items()):
        yield path + name, node
        if isinstance(node, Folder):
            yield from _walk(node, f"{path}{name}/", entries)


def _fates(path: str, node: Node) -> Sequence[bytes | None]:
    """What may be in it; what temporary files hold nobody reads."""
    return (None,) if isinstance(node, Folder) else (b"",) if path.endswith(_TEMPORARY) else node.fates()


def _said(path: str) -> str:
    """Temporary files are all alike."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/.0{_TEMPORARY}" if name.endswith(_TEMPORARY) else path
