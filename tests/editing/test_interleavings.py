"""Edits, answers, cancels and failures in any order: what is shown, exported and saved is of the state it says."""

import random
from pathlib import Path

import pytest

from nti_desktop.editing import snapshot
from nti_desktop.editing.edits import with_number
from nti_desktop.editing.save_queue import SaveRequest
from nti_desktop.recipe.parameters import STRENGTH
from tests.editing.answering import SESSIONS, Disk, Fair, rendered_edits
from tests.editing.program import Program, document_of

STEPS = 2_000


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(random.Random(0))
    monkeypatch.setattr(snapshot, "save_sidecar", disk.write)
    return disk


def run(seed: int, steps: int, photo: Path, disk: Disk) -> None:
    rendered_edits.clear()
    SESSIONS.clear()
    chance = random.Random(seed)
    disk.chance = chance
    other = photo.with_name(f"other {seed}.png")
    other.write_bytes(photo.read_bytes() + b"another photo")
    seconds = [0.0]
    program = Program(chance, [document_of(path, lambda: seconds[0]) for path in (photo, other)])
    for _ in range(steps):
        program.do_something()
        seconds[0] = program.seconds
        program.check()
    program.settle()
    program.check()
    program.check_written()
    assert program.pictures.final, "what was asked for last is not on screen"
    assert program.exports.waiting == ()
    disk.chance = Fair()
    for document in program.documents:
        program.saves.save(SaveRequest(document.session))
        document.edit("strength", lambda recipe: with_number(recipe, STRENGTH, 0.7))
        program.saves.save(SaveRequest(document.session))  # while the first is under way
        while program.worker.waiting or program.worker.answers:
            program.worker.step()
            program.worker.deliver()
        session = document.session
        assert not session.working_copy.dirty
        assert disk.projects[session.sidecar] == session.project
    assert program.written
    assert program.prepared
    assert disk.previews


@pytest.mark.parametrize("seed", range(5))
def test_what_is_shown_exported_and_saved_is_of_its_state(seed: int, photo: Path, disk: Disk) -> None:
    run(seed, STEPS, photo, disk)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 150))
def test_so_it_is_in_a_hundred_thousand_steps(seed: int, photo: Path, disk: Disk) -> None:
    run(seed, STEPS, photo, disk)
