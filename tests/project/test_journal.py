"""The journal of an open photo: what is read back, whatever was torn off its end."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nti_desktop.core import disk, lock
from nti_desktop.project import journal
from nti_desktop.project.desk import AreaRecord, DeskRecord, HistoryRecord, StateRecord
from nti_desktop.project.journal import EntryRecord, Journal, Left, Place
from tests.power_cuts import Left as Disk
from tests.power_cuts import Watched, lay_out
from tests.sidecars import STEPS, make_project

IDENTITY = "a" * 64


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(IDENTITY, tmp_path / "photo ä.jpg", tmp_path / os.fsdecode(b"photo \xff.jpg.nti"))


def left_behind(identity: str = "", folder: Path | None = None) -> list[Left]:
    return list(journal.left_behind(identity, folder))


def entry(number: int, states: int = 1) -> EntryRecord:
    project = make_project().model_copy(update={"program": f"state {number}"})
    version = project.versions[0]
    state = StateRecord(recipe=version.recipe, finish=version.finish)
    desk = DeskRecord(
        description=f"a ball, {number}",
        edit_text="a cube",
        area=AreaRecord(x=0, y=0, width=3, height=2),
        draft=HistoryRecord(past=(), present=0, future=()),
        histories=(),
        done=(),
        undone=(),
    )
    return EntryRecord(project=project, desk=desk, states=(state,) * states, saved=None, base=None)


def write(place: Place, folder: Path, count: int) -> Journal:
    found = Journal(place, folder)
    for number in range(count):
        found.append(entry(number, states=int(number == 0)), {}, anew=found.begins_anew)
    return found


def test_what_was_written_last_is_read_when_the_writer_has_ended(place: Place, tmp_path: Path) -> None:
    writer = write(place, tmp_path / "journals", 3)
    assert left_behind(IDENTITY, tmp_path / "journals") == []  # it is still being written
    writer.close()
    (left,) = left_behind(IDENTITY, tmp_path / "journals")
    assert left.place == place
    assert (left.project.program, left.desk.description, len(left.states)) == ("state 2", "a ball, 2", 1)
    assert left_behind("b" * 64, tmp_path / "journals") == []


def test_at_whatever_byte_it_is_torn_off_a_whole_entry_is_read_or_none(place: Place, tmp_path: Path) -> None:
    write(place, tmp_path / "journals", 3).close()
    (folder,) = (tmp_path / "journals").iterdir()
    whole = (folder / "log").read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    for end in (*range(0, len(whole), 97), *ends, *(end - 1 for end in ends)):
        (folder / "log").write_bytes(whole[:end] + b"\0" * 7)  # a file system may fill up with zeros
        read = [left.project.program for left in left_behind(IDENTITY, tmp_path / "journals")]
        entries = sum(each <= end for each in ends) - 1
        assert read == ([f"state {entries - 1}"] if entries > 0 else [])


def test_an_entry_after_one_that_the_disk_refused_is_read(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = write(place, tmp_path / "journals", 2)

    def half(file: int, data: bytes) -> None:
        os.write(file, data[: len(data) // 2])
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(disk, "write", half)
        with pytest.raises(OSError, match="full"):
            writer.append(entry(2, states=0), {}, anew=False)
    assert writer.begins_anew
    writer.append(entry(3), {}, anew=True)
    writer.close()
    (left,) = left_behind(IDENTITY, tmp_path / "journals")
    assert left.project.program == "state 3"


def test_a_long_log_is_written_anew_and_stays_bounded(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "ROOM", 50_000)
    writer, sizes = Journal(place, tmp_path / "journals"), []
    for number in range(60):
        writer.append(entry(number), {}, anew=writer.begins_anew)
        sizes += [file.stat().st_size for file in (tmp_path / "journals").glob("*/log")]
    writer.close()
    assert max(sizes) < 100_000
    assert left_behind(IDENTITY, tmp_path / "journals")[0].project.program == "state 59"


def test_a_log_of_long_lines_never_grows_longer_than_what_is_read(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "ROOM", 0)
    monkeypatch.setattr(journal, "MAX_LOG", 64_000)
    writer, sizes = Journal(place, tmp_path / "journals"), []
    for number in range(6):
        writer.append(entry(number, states=40), {}, anew=writer.begins_anew)
        sizes += [file.stat().st_size for file in (tmp_path / "journals").glob("*/log")]
    writer.close()
    assert max(sizes) < journal.MAX_LOG < 6 * sizes[0]


def test_arrays_that_no_sidecar_has_lie_beside_the_log(place: Place, tmp_path: Path) -> None:
    pivot = np.arange((STEPS + 1) * 4 * 16 * 24, dtype=np.float32).reshape(STEPS + 1, 4, 16, 24)
    writer = Journal(place, tmp_path / "journals")
    writer.append(entry(0), {"two": {"pivot": pivot}}, anew=True)
    writer.close()
    (left,) = left_behind(IDENTITY, tmp_path / "journals")
    assert left.arrays().keys() == {"two"}
    np.testing.assert_array_equal(left.arrays()["two"]["pivot"], pivot)
    (left.folder / "two.safetensors").write_bytes(b"torn")
    assert left.arrays() == {}


def test_what_is_not_needed_any_more_is_gone(place: Place, tmp_path: Path) -> None:
    write(place, tmp_path / "journals", 2).discard()
    assert list((tmp_path / "journals").iterdir()) == []
    write(place, tmp_path / "journals", 1).close()
    journal.forget(left_behind(folder=tmp_path / "journals")[0])
    assert list((tmp_path / "journals").iterdir()) == []


def test_only_so_many_journals_are_left_the_newest_ones(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MAX_LEFT", 2)
    for number in range(4):
        writer = Journal(place, tmp_path / "journals")
        writer.append(entry(number), {}, anew=True)
        writer.close()
        (folder,) = (each for each in (tmp_path / "journals").iterdir() if not (each / "seen").exists())
        (folder / "seen").touch()
        os.utime(folder / "log", (number, number))
    journal.tidy(tmp_path / "journals")
    assert [left.project.program for left in left_behind(folder=tmp_path / "journals")] == ["state 3", "state 2"]


def test_the_system_lets_go_of_the_journal_of_a_killed_process(place: Place, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.project.test_journal import write; "
        "from nti_desktop.project.journal import Place; "
        f"kept = write(Place({IDENTITY!r}, Path('p.jpg'), Path('p.jpg.nti')), Path(sys.argv[1]), 2); "
        "print('written', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "journals")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == b"written\n"
    assert left_behind(IDENTITY, tmp_path / "journals") == []
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()
    assert [left.project.program for left in left_behind(IDENTITY, tmp_path / "journals")] == ["state 1"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks what is open")
def test_on_a_disk_without_locks_what_was_written_is_read_all_the_same(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    write(place, tmp_path / "journals", 2).close()
    assert [left.project.program for left in left_behind(IDENTITY, tmp_path / "journals")] == ["state 1"]


def after_a_power_cut(disk: Disk, root: Path) -> list[str]:
    """What is read of the journals on a disk that was left."""
    lay_out(root, disk)
    return [left.project.program for left in left_behind(folder=root / "state" / "journals")]


def test_a_power_cut_takes_no_entry_that_was_written(place: Place, tmp_path: Path) -> None:
    root = tmp_path / "disk"
    root.mkdir()
    watched = Watched(root)
    with pytest.MonkeyPatch.context() as patch:
        watched.watch(patch)
        writer = write(place, root / "state" / "journals", 2)  # in folders that it makes
        disks = set(watched.survivors())
        writer.close()
    assert [after_a_power_cut(disk, root) for disk in disks] == [["state 1"]] * len(disks)


def test_a_power_cut_brings_no_journal_back_that_is_needed_no_more(place: Place, tmp_path: Path) -> None:
    root = tmp_path / "disk"
    root.mkdir()
    watched, disks = Watched(root), set[Disk]()
    with pytest.MonkeyPatch.context() as patch:
        watched.watch(patch)
        writer = write(place, root / "state" / "journals", 2)
        watched.noticed = lambda: disks.update(watched.survivors())
        writer.discard()
        last = set(watched.survivors())
    assert len(disks) > len(last) > 1, "some of what was deleted may lie there still"
    assert all(after_a_power_cut(disk, root) in (["state 1"], []) for disk in disks)
    assert not any(after_a_power_cut(disk, root) for disk in last)


def test_a_log_is_written_anew_only_when_it_is_long(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rewritten(count: int) -> bool:
        writer = write(place, tmp_path / "journals", count)
        writer.close()
        (left,) = left_behind(IDENTITY, tmp_path / "journals")
        journal.forget(left)
        return len(left.before) < count

    assert not rewritten(12)
    monkeypatch.setattr(journal, "ROOM", 0)
    assert rewritten(12)
