"""Whatever surrounds the program: one sentence at most, an exit code that tells, and nothing is lost."""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from nti_desktop.cli.arguments import program_parser
from nti_desktop.editing.session import Session
from nti_desktop.models.library.samples import samples
from nti_desktop.project.sidecar import read_sidecar
from nti_desktop.recipe.recipe import EditRecipe
from tests.sessions import SOURCE, invert

pytestmark = pytest.mark.skipif(os.name == "nt", reason="it is a shell that makes these surroundings")

MAIN = Path(__file__).parents[2] / "main.py"
ONE_IN = 10  # pairs of a command and surroundings is tried, as all of them take an hour; 1 tries them all
NOBODY = "http://127.0.0.1:9"  # a port at which nobody listens


@dataclass(frozen=True)
class Surroundings:
    """shell: what is done before; streams: where they go; photo: what it is called; as_ever: whether a command must do
    what it does elsewhere; answers: whether what it prints arrives.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    shell: str = ""
    streams: str = ""
    python: tuple[str, ...] = ()
    photo: str = "photo.jpg"
    as_ever: bool = True
    answers: bool = True


ALL = {
    "nothing special": Surroundings(),
    "no standard output": Surroundings(streams=">&-", answers=False),
    "a full standard output": Surroundings(streams=">/dev/full", answers=False),
    "no standard error": Surroundings(streams="2>&-"),
    "a full standard error": Surroundings(streams="2>/dev/full"),
    "no standard input": Surroundings(streams="<&-"),
    "no streams": Surroundings(streams="<&- >&- 2>&-", answers=False),
    "little memory": Surroundings(shell="ulimit -v 1000000", as_ever=False),
    "a SOCKS proxy": Surroundings({"ALL_PROXY": "socks5://127.0.0.1:9"}),
    "a malformed proxy": Surroundings({"HTTPS_PROXY": "::::"}),
    "a dead proxy": Surroundings({"HTTPS_PROXY": NOBODY, "HTTP_PROXY": NOBODY}),
    "no certificates": Surroundings({"SSL_CERT_FILE": "/nonexistent.pem"}),
    "no home": Surroundings({"HOME": "/nonexistent/home"}, shell="unset ${!XDG_*}"),
    "a home that cannot be written": Surroundings({"HOME": "/proc"}, shell="unset ${!XDG_*}"),
    "no temporary folder": Surroundings({"TMPDIR": "/nonexistent"}),
    "a working folder that is gone": Surroundings(shell="mkdir gone && cd gone && rmdir ../gone", as_ever=False),
    "the C locale": Surroundings({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
    "an encoding of old": Surroundings({"PYTHONIOENCODING": "ascii"}),
    "no assertions": Surroundings(python=("-O",)),
    "a name that is no text": Surroundings(photo=os.fsdecode(b"b\xe9.jpg")),
}


def commands(parser: argparse.ArgumentParser, *names: str) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """All that the program can be asked for, by the words that ask for it."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield names, parser
    for action in below:
        for name, sub in action.choices.items():
            yield from commands(sub, *names, name)


COMMANDS = {" ".join(names): parser for names, parser in commands(program_parser())}
SAID = {  # what is asked for, by its name in the options; whatever is not here is the photo where a path is wanted
    "prompt": SOURCE,
    "to": SOURCE.replace("red", "blue"),
    "name": "Version 1",
    "out": "{photo}.png",
    "steps": "2",
    "wanted": "owner/name",
    "model": "nothing of this name",
}


def asked(name: str, photo: Path) -> list[str]:
    """A command with the options it needs, and few steps."""
    parser, said = COMMANDS[name], name.split()
    needed = {group._group_actions[0].dest for group in parser._mutually_exclusive_groups if group.required}
    for action in parser._actions:
        if not (action.required or action.dest in {"steps", "wanted", *needed}):
            continue
        value = SAID.get(action.dest) or str(
            photo if action.type is Path or not action.choices else next(iter(action.choices))
        )
        said += [*action.option_strings[:1], value]
    return said


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def run(name: str, surroundings: Surroundings, folder: Path) -> Done:
    """Carry a command out on a photo with one version, in a process and a folder of its own."""
    photo = folder / surroundings.photo
    photo.write_bytes(samples()[0].path.read_bytes())
    session = Session.open(photo)
    invert(session)
    session.add_version("Version 1", EditRecipe(SOURCE))
    session.save()
    unset = [key for key in os.environ if "proxy" in key.lower() or key in ("HF_HUB_OFFLINE", "SSL_CERT_FILE")]
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    environment |= {"HF_ENDPOINT": NOBODY, "HF_HUB_DISABLE_TELEMETRY": "1"} | surroundings.environment
    program = [sys.executable, *surroundings.python, str(MAIN), *asked(name, photo)]
    script = f'{surroundings.shell or ":"}; exec "$@" {surroundings.streams}'
    done = subprocess.run(
        ["bash", "-c", script, "bash", *program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=170,
        check=False,
    )
    assert photo.read_bytes() == samples()[0].path.read_bytes()
    assert "Version 1" in [version.name for version in read_sidecar(session.sidecar).project.versions]
    return Done(done.returncode, done.stdout, done.stderr)


@cache
def usual_code(name: str, folder: Path) -> int:
    return run(name, ALL["nothing special"], folder).code


@pytest.fixture(scope="session")
def usual_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("usual")


def check(name: str, surroundings: Surroundings, folder: Path, usual_folder: Path) -> None:
    done = run(name, surroundings, folder)
    assert done.code in (0, 1, 2), done
    said = done.out + done.err
    assert "Traceback" not in said
    assert "Something went wrong inside the program" not in said
    assert "Exception ignored" not in said
    if "2>" not in surroundings.streams and done.code and not done.out:
        assert done.err.endswith(".\n"), done
        assert done.err.count("\n") == 1, done
    if not surroundings.answers:
        assert done.code != 0
    elif surroundings.as_ever:
        assert done.code == usual_code(name, usual_folder), done


@pytest.mark.parametrize("where", ALL)
def test_looking_at_a_photo_works_or_says_why_not(where: str, tmp_path: Path, usual_folder: Path) -> None:
    check("info", ALL[where], tmp_path, usual_folder)


def some_pairs() -> list[tuple[str, str]]:
    """Every command in some surroundings, and all of these with some commands."""
    others = [name for name in COMMANDS if name != "info"]
    return [(name, where) for m, name in enumerate(others) for n, where in enumerate(ALL) if (m + n) % ONE_IN == 0]


@pytest.mark.parametrize("asked", ["--help", "--version", "edit --help"])
def test_help_that_cannot_be_printed_is_a_failure_that_is_told(asked: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} {MAIN} {asked} >/dev/full"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("name", "where"), some_pairs())
def test_every_command_works_or_says_why_not(name: str, where: str, tmp_path: Path, usual_folder: Path) -> None:
    check(name, ALL[where], tmp_path, usual_folder)
