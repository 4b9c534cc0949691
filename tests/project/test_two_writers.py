"""Programs that save one project at the same moment: whoever is told “saved” finds all of it on the disk."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from nti_desktop.core import lock
from nti_desktop.core.errors import SidecarError
from nti_desktop.core.lock import alone_in
from nti_desktop.project import exclusion, saving
from nti_desktop.project.saving import save_sidecar
from nti_desktop.project.sidecar import read_sidecar, write_sidecar
from tests.sidecars import make_all_arrays, make_project, make_version

ROUNDS = 200
KEPT = 3  # versions that each writer keeps of its own

# Says whether it saved, each time that it is told to go. Without locks it is as on a network share that has none.
WRITER = """
import sys
from pathlib import Path
from tests.project import test_two_writers as work

name, way, path = sys.argv[1], sys.argv[2], Path(sys.argv[3])
work.write_in_rounds(name, way, path)
"""


def write_in_rounds(name: str, way: str, path: Path) -> None:
    if way == "without locks":
        lock._is_taken = lambda _handle, _deadline: False  # type: ignore[assignment]
    stored = read_sidecar(path)
    for line in sys.stdin:
        version = make_version(f"{name}-{line.strip()}", "two").model_copy(update={"name": name})
        if way == "refusing":
            stored = read_sidecar(path)
        older = [each.id for each in stored.project.versions if each.name == name][: 1 - KEPT]  # it deletes those
        left = tuple(each for each in stored.project.versions if each.id not in older)
        project = stored.project.model_copy(update={"versions": (*left, version)})
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            if way == "refusing":
                write_sidecar(path, project, {}, {}, stored.signature)
            else:
                stored = save_sidecar(path, project, {}, {}, stored).stored
            print("saved", flush=True)
        except SidecarError as error:
            print(f"refused: {error}", flush=True)


class Writer:
    def __init__(self, process: "subprocess.Popen[str]", name: str) -> None:
        self.process, self.name = process, name

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    path = folder / "IMG 0042.JPG.nti"
    write_sidecar(path, make_project(1), make_all_arrays(), {}, None)
    return path


def run(way: str, path: Path, rounds: int) -> Iterator[tuple[set[str], set[str]]]:
    """What both were told is saved, as far as they keep it, and what of theirs is on the disk, after each round."""
    told: dict[str, list[str]] = {"a": [], "b": []}
    with ExitStack() as stack:
        writers = []
        for name in told:
            process = subprocess.Popen(
                [sys.executable, "-c", WRITER, name, way, path],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            writers.append(Writer(stack.enter_context(process), name))
        for number in range(rounds):
            for writer in writers:
                writer.tell(str(number))
            assert [writer.hear() for writer in writers] == ["ready"] * 2
            for writer in writers:
                writer.tell("go")
            for writer in writers:
                if writer.hear() == "saved":
                    told[writer.name].append(f"{writer.name}-{number}")
            there = {version.id for version in read_sidecar(path).project.versions} - {"v0"}
            yield {name for own in told.values() for name in own[-KEPT:]}, there
        for writer in writers:
            assert writer.process.stdin is not None
            writer.process.stdin.close()


@pytest.mark.parametrize(
    ("way", "rounds"),
    [
        ("merging", 10),
        pytest.param("merging", ROUNDS, marks=pytest.mark.slow),
        pytest.param("without locks", 30, marks=pytest.mark.slow),
    ],
)
def test_two_that_save_at_once_both_have_all_of_theirs_on_the_disk(path: Path, way: str, rounds: int) -> None:
    for number, (told, there) in enumerate(run(way, path, rounds)):
        assert {name for name in told if name.endswith(f"-{number}")} == {f"a-{number}", f"b-{number}"}, "refused"
        assert told == there
    assert {entry.name for entry in path.parent.iterdir()} == {path.name, path.name + "~"}


@pytest.mark.parametrize("rounds", [10, pytest.param(ROUNDS, marks=pytest.mark.slow)])
def test_of_two_that_do_not_merge_one_is_refused(path: Path, rounds: int) -> None:
    for number, (told, there) in enumerate(run("refusing", path, rounds)):
        assert told == there
        assert len([name for name in told if name.endswith(f"-{number}")]) == 1


def test_what_a_killed_program_had_locked_is_free(path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from nti_desktop.core.lock import alone_in\n"
        "with alone_in(Path(sys.argv[1])) as alone: print(alone, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, path.parent], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        holder.kill()
    with alone_in(path.parent) as alone:
        assert alone
    assert {entry.name for entry in path.parent.iterdir()} == {path.name}


def test_a_folder_that_stays_locked_refuses_the_save_and_keeps_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.05)
    before = path.read_bytes()
    with alone_in(path.parent) as alone:
        assert alone
        with pytest.raises(SidecarError, match="locked by another program"):
            save_sidecar(path, make_project(3), {}, {}, None)
    assert path.read_bytes() == before
    save_sidecar(path, make_project(3), {}, {}, None)


def test_a_folder_that_is_gone_is_no_reason_to_wait(tmp_path: Path) -> None:
    with alone_in(tmp_path / "gone") as alone:
        assert not alone


def test_a_program_that_asks_for_no_lock_is_merged_with_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It replaces the file between the last look at it and the write."""
    base = read_sidecar(path)
    real = saving.write_alone
    theirs = make_project(1).model_copy(
        update={"versions": (*make_project(1).versions, make_version("theirs", "two", "a green ball on a table"))}
    )
    interruptions = [theirs]

    def write(*arguments: object) -> object:
        if interruptions:
            real(path, interruptions.pop(), {}, {}, base.signature)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(saving, "write_alone", write)
    mine = make_project(1).model_copy(update={"versions": (*make_project(1).versions, make_version("mine", "two"))})
    saved = save_sidecar(path, mine, {}, {}, base)
    assert saved.merged
    assert [version.id for version in read_sidecar(path).project.versions] == ["v0", "theirs", "mine"]


def test_saving_asks_for_the_lock_of_the_folder_that_a_link_leads_to(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere.nti"
    link.symlink_to(path)
    with exclusion.saving_alone(link) as alone:
        assert alone
        with alone_in(tmp_path) as other:
            assert other
