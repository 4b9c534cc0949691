"""A save that is cut off by a power failure never costs the old state."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from nti_desktop.core import disk
from nti_desktop.core.errors import SidecarError
from nti_desktop.project.recovery import recover_sidecar
from nti_desktop.project.sidecar import backup_path
from tests.project.test_sidecar_faults import Reader, folder_contents, history, save
from tests.project.test_sidecar_faults import path as path
from tests.project.test_sidecar_faults import reader as reader
from tests.sidecars import make_project, read_whole


@dataclass(frozen=True)
class Bind:
    """A name of the folder comes to mean a file."""

    name: str
    file: int


@dataclass(frozen=True)
class Move:
    source: str
    target: str


@dataclass(frozen=True)
class Unbind:
    name: str


@dataclass(frozen=True)
class Append:
    file: int
    data: bytes


@dataclass(frozen=True)
class Sync:
    file: int


@dataclass(frozen=True)
class SyncFolder:
    pass


Naming = Bind | Move | Unbind
Operation = Naming | Append | Sync | SyncFolder


def recorded(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> list[Operation]:
    """What `work` asks of the disk, in order; files are numbered from 1 on as they are created."""
    operations: list[Operation] = []
    numbers: dict[int, int] = {}
    files = itertools.count(1)

    def create(path: Path, mode: int) -> int:
        file = real_create(path, mode)
        numbers[file] = next(files)
        operations.append(Bind(path.name, numbers[file]))
        return file

    def write(file: int, data: bytes) -> None:
        operations.append(Append(numbers[file], bytes(data)))
        real_write(file, data)

    def fsync(file: int) -> None:
        operations.append(Sync(numbers[file]))
        real_fsync(file)

    def replace(source: Path, target: Path) -> None:
        operations.append(Move(source.name, target.name))
        real_replace(source, target)

    def remove(path: Path) -> None:
        operations.append(Unbind(path.name))
        real_remove(path)

    def sync_folder(folder: Path) -> None:
        operations.append(SyncFolder())
        real_sync_folder(folder)

    real_create, real_write, real_fsync = disk.create, disk.write, disk.fsync
    real_replace, real_remove, real_sync_folder = disk.replace, disk.remove, disk.sync_folder
    with monkeypatch.context() as patched:
        for call in (create, write, fsync, replace, remove, sync_folder):
            patched.setattr(disk, call.__name__, call)
        work()
    return operations


def survivors(before: dict[str, bytes], operations: Sequence[Operation]) -> Iterator[dict[str, bytes]]:
    """Every folder that a power cut after these operations may leave.

    Names that were not synced may have come to the disk or not, each on its own; of what was written to a file since
    its last fsync, all, half, nothing, or only the length may be there.
    """
    names = {name: -i for i, name in enumerate(before, 1)}
    synced = {-i: data for i, data in enumerate(before.values(), 1)}
    written = dict(synced)
    pending: list[Naming] = []
    for operation in operations:
        match operation:
            case Append(file, data):
                written[file] = written.get(file, b"") + data
            case Sync(file):
                synced[file] = written.get(file, b"")
            case SyncFolder():
                names = after(names, pending, pending)
                pending = []
            case _:
                pending.append(operation)
    for count in range(len(pending) + 1):
        for kept in itertools.combinations(pending, count):
            left = after(names, pending, kept)
            for fate in (lambda old, new: old, half, zeros, lambda old, new: new):
                yield {name: fate(synced.get(file, b""), written.get(file, b"")) for name, file in left.items()}


def half(old: bytes, new: bytes) -> bytes:
    return new[: (len(old) + len(new)) // 2]


def zeros(old: bytes, new: bytes) -> bytes:
    return old + bytes(len(new) - len(old))


def after(names: dict[str, int], pending: Sequence[Naming], kept: Sequence[Naming]) -> dict[str, int]:
    """The names once the kept ones of the pending operations came to the disk."""
    meant = dict(names)  # what each name means to a running program
    durable = dict(names)
    for operation in pending:
        match operation:
            case Bind(name, file):
                meant[name] = file
                if operation in kept:
                    durable[name] = file
            case Move(source, target):
                file = meant.pop(source)
                meant[target] = file
                if operation in kept:
                    durable.pop(source, None)
                    durable[target] = file
            case Unbind(name):
                meant.pop(name)
                if operation in kept:
                    durable.pop(name, None)
    return durable


@pytest.mark.parametrize("saves", [0, 1, 2])
def test_a_power_cut_leaves_the_old_state_or_the_new_one(
    path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch, saves: int
) -> None:
    signature = history(path, saves)
    before = folder_contents(path.parent)
    old, older = reader.read(before.get(path.name)), reader.read(before.get(backup_path(path).name))
    operations = recorded(monkeypatch, lambda: save(path, make_project(5), signature))
    new = read_whole(path)
    states = 0
    for length in range(len(operations) + 1):
        for left in survivors(before, operations[:length]):
            states += 1
            assert reader.read(left.get(path.name)) in (old, new)
            assert reader.read(left.get(backup_path(path).name)) in (older, old)
    assert states > 100
    for left in survivors(before, operations):
        assert reader.read(left[path.name]) == new
        assert reader.read(left.get(backup_path(path).name)) == old


def test_a_power_cut_while_a_project_is_begun_anew_leaves_it_or_what_can_be_brought_back(
    path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(path, 2)
    path.unlink()
    before = folder_contents(path.parent)
    good = reader.read(before[backup_path(path).name])
    operations = recorded(monkeypatch, lambda: save(path, make_project(5), None))
    new = read_whole(path)
    earlier = path.name + ".earlier"
    for length in range(len(operations) + 1):
        for left in survivors(before, operations[:length]):
            there = reader.read(left.get(path.name))
            assert there == new or (there is None and reader.read(left[backup_path(path).name]) == good)
            assert good in (reader.read(left.get(backup_path(path).name)), reader.read(left.get(earlier)))
    for left in survivors(before, operations):
        assert reader.read(left[path.name]) == new
        assert reader.read(left[earlier]) == good


def test_a_power_cut_during_a_recovery_keeps_what_can_be_recovered(
    path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(path, 2)
    path.write_bytes(path.read_bytes()[:1000])
    before = folder_contents(path.parent)
    good = reader.read(before[backup_path(path).name])
    operations = recorded(monkeypatch, lambda: recover_sidecar(path))
    for length in range(len(operations) + 1):
        for left in survivors(before, operations[:length]):
            assert reader.read(left[backup_path(path).name]) == good
            assert left[path.name] in (before[path.name], before[backup_path(path).name])
    for left in survivors(before, operations):
        assert reader.read(left[path.name]) == good
        assert left[path.name + ".damaged"] == before[path.name]


def test_the_replay_notices_a_save_that_does_not_sync_its_file(
    path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = history(path, 1)
    before = folder_contents(path.parent)
    operations = recorded(monkeypatch, lambda: save(path, make_project(5), signature))
    careless = [operation for operation in operations if not isinstance(operation, Sync)]
    assert len(careless) == len(operations) - 2
    with pytest.raises(SidecarError):
        [reader.read(left.get(path.name)) for left in survivors(before, careless)]


def test_the_replay_notices_a_save_that_does_not_sync_its_folder(
    path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = history(path, 1)
    before = folder_contents(path.parent)
    operations = recorded(monkeypatch, lambda: save(path, make_project(5), signature))
    careless = [operation for operation in operations if not isinstance(operation, SyncFolder)]
    old = reader.read(before[path.name])
    assert old in [reader.read(left[path.name]) for left in survivors(before, careless)]
