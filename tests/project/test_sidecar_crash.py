"""A program that is killed while it saves leaves the old state or the new one, whole."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nti_desktop.project.schema import Project
from nti_desktop.project.sidecar import backup_path, read_sidecar, signature_of, write_sidecar
from nti_desktop.recipe.jobs import Arrays
from tests.sidecars import STEPS, make_project

KILLS = 200

# Importing takes long, so one process imports and forks the ones that are killed. Each says which states it has saved.
WRITERS = """
import os, sys
from pathlib import Path
from tests.project.test_sidecar_crash import save_in_a_loop

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        save_in_a_loop(Path(sys.argv[1]), int(line))
    print("started", child, flush=True)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""


def save_in_a_loop(path: Path, number: int) -> None:
    """Save state after state, from `number` on, and say so; until killed."""
    signature = signature_of(path)
    while True:
        project, arrays, previews = state(number)
        signature = write_sidecar(path, project, arrays, previews, signature)
        os.write(1, f"saved {number}\n".encode())
        number += 1


def state(number: int) -> tuple[Project, dict[str, Arrays], dict[str, bytes]]:
    """The project of this number, and its arrays and previews filled with the number."""
    project = make_project().model_copy(update={"program": f"state {number}"})
    side = 16 + 8 * (number % 3)
    pivot = np.full((STEPS + 1, 4, side, side * 3 // 2), number, np.float32)
    null = np.full((STEPS, 7, 16), number, np.float32)
    return project, {"one": {"pivot": pivot, "null_embeddings": null}, "two": {"pivot": pivot}}, {"v0": b"%d" % number}


def number_of(path: Path) -> int:
    """Which state the file holds; asserts that it holds it whole."""
    stored = read_sidecar(path)
    number = int(stored.project.program.removeprefix("state "))
    for name in ("one", "two"):
        assert (stored.arrays(name)["pivot"] == number).all()
    null = stored.arrays("one")["null_embeddings"]
    assert null is not None
    assert (null == number).all()
    assert stored.preview("v0") == b"%d" % number
    return number


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the writers are forked")
def test_a_killed_save_leaves_the_old_state_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "IMG 0042.JPG.nti"
    chance = random.Random(0)
    number = backups = met = 0
    longest = 0.06  # seconds until a kill; long enough for a save or two, on whatever disk beside whatever else
    with subprocess.Popen(
        [sys.executable, "-c", WRITERS, path],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writers:
        assert writers.stdin is not None
        assert writers.stdout is not None
        for _ in range(KILLS):
            writers.stdin.write(f"{number + 1}\n")
            writers.stdin.flush()
            confirmed = before = number
            line = writers.stdout.readline()
            while not line.startswith("started"):  # the writer may be faster than the process that forked it
                confirmed = int(line.split()[1])
                line = writers.stdout.readline()
            time.sleep(chance.uniform(0, longest))
            os.kill(int(line.split()[1]), signal.SIGKILL)
            while (line := writers.stdout.readline()) != "ended\n":
                confirmed = int(line.split()[1])
            met += any(tmp_path.glob(".*.nti-tmp"))
            longest *= 1.1 if confirmed == before else 0.95
            if not path.exists():
                assert confirmed == 0
                continue
            number = number_of(path)
            assert number in (confirmed, confirmed + 1)
            if backup_path(path).exists():
                assert number_of(backup_path(path)) in (number - 1, number)
                backups += 1
        writers.stdin.close()
    assert number > KILLS / 4
    assert backups > KILLS / 2
    assert met > KILLS / 4, "hardly a kill met a save"
    write_sidecar(path, *state(number + 1), signature_of(path))
    assert not list(tmp_path.glob(".*.nti-tmp")), "what killed saves left is still there after the next one"
