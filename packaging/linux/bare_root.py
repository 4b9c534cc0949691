"""Try the packages where nothing else is: in a fresh Debian without Python, Qt or a network.

    python packaging/linux/bare_root.py FOLDER ARCHIVE.tar.zst PACKAGE.deb

FOLDER is made anew. As root, on Debian or Ubuntu with debootstrap, zstd, xvfb, openbox and xdotool; only debootstrap
and the installation of what the package depends on use the network. Prints what was tried and the seconds it took; 1
and the reason at the first thing that is not as it should be.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from zipfile import BadZipFile, ZipFile

SUITE = "bookworm"
USER, HOME = "photographer", "/home/photographer"
PROGRAM = "/usr/bin/nti-desktop"
SAMPLE = "/opt/nti-desktop/_internal/resources/samples/red-cube.jpg"
EDIT = "a photo of a blue cube on grey stone"
PATIENCE = 300  # seconds for any one thing on a busy machine

# In a mount and process namespace of its own: $1 root, $2 user, then the command.
_ENTER = """
set -e
mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; mount -t tmpfs tmpfs "$1/tmp"
mkdir -p -m 1777 "$1/tmp/.X11-unix"; chmod 1777 "$1/tmp"
if [ -d /tmp/.X11-unix ]; then mount --bind /tmp/.X11-unix "$1/tmp/.X11-unix"; fi
exec chroot --userspec="$2" "$1" "${@:3}"
"""
# On a busy machine the program's threads wait for one another more than they work.
_THREADS = {name: os.environ[name] for name in ("OMP_NUM_THREADS",) if name in os.environ}
# What a file manager does, and then until the program has ended.
_DOUBLE_CLICK = 'gio open "$0"; sleep 2; while grep -qs nti-desktop /proc/[0-9]*/comm; do sleep 1; done'


class Fault(Exception):
    """Something is not as it should be."""


class BareRoot:
    """A Debian in a folder, and how commands are run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(
        self, *words: str, variables: Mapping[str, str] = _THREADS, user: str = USER, network: bool = False
    ) -> list[str]:
        """The command line that runs `words` in the root."""
        alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", *([] if network else ["--net"])]
        home = HOME if user == USER else "/root"
        known = {"HOME": home, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **variables}
        settings = [f"{name}={value}" for name, value in known.items()]
        return [*alone, "bash", "-c", _ENTER, "bash", str(self.folder), user, "env", "-i", *settings, *words]

    def run(self, *words: str, variables: Mapping[str, str] = _THREADS) -> str:
        """Its output. Raises Fault when it fails, or says anything on standard error."""
        command = self.command(*words, variables=variables)
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE * 4)
        if done.returncode or done.stderr:
            raise Fault(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        output: str = done.stdout
        return output

    def administer(self, *words: str) -> str:
        """As root and with a network."""
        done = subprocess.run(
            self.command(*words, user="root", network=True, variables={"DEBIAN_FRONTEND": "noninteractive"}),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Fault(f"{' '.join(words)}: {done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done.stdout

    def files(self) -> set[str]:
        found = {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}
        return {path for path in found if not path.startswith(("proc/", "sys/", "dev/", "tmp/"))}


@contextmanager
def timed(what: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    print(f"{time.monotonic() - start:6.1f} s  {what}", flush=True)


def wait_for(what: str, look: Callable[[], object], nudge: Callable[[], object] = lambda: None) -> None:
    """Until `look` finds something; `nudge` is done again and again before."""
    until = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > until:
            raise Fault(f"waited in vain for {what}")
        nudge()
        time.sleep(0.5)


def make_root(folder: Path) -> BareRoot:
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(
        ["debootstrap", "--variant=minbase", SUITE, folder], check=True, stdout=subprocess.DEVNULL, timeout=1200
    )
    for name in ("resolv.conf", "apt/apt.conf.d"):  # how this machine reaches Debian
        source, target = Path("/etc", name), folder / "etc" / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
    root = BareRoot(folder)
    root.administer("useradd", "--create-home", "--home-dir", HOME, USER)
    if (folder / "usr/bin/python3").exists() or list(folder.glob("usr/lib/*/libQt*")):
        raise Fault("the bare root is not bare: it has Python or Qt")
    return root


def try_archive(root: BareRoot, archive: Path) -> None:
    """Unpacked by its user into the home folder, of which nothing is known beforehand."""
    target = root.folder / HOME.strip("/") / "with spaces"
    target.mkdir()
    subprocess.run(["tar", "--use-compress-program=zstd", "-xf", archive, "-C", target], check=True)
    (folder,) = target.iterdir()
    program = f"{HOME}/with spaces/{folder.name}/nti-desktop"
    try_doctor(root, program)
    with timed("demo, from the archive"):
        said = root.run(program, "demo", "--out", f"{HOME}/out")
    pictures = sorted(path.name for path in (root.folder / HOME.strip("/") / "out").glob("*.png"))
    if len(pictures) != 4 or said.count("of the picture changed visibly") != 3:
        raise Fault(f"the demo wrote {pictures} and said: {said}")
    refused = subprocess.run(root.command(program), capture_output=True, text=True)
    if refused.returncode != 1 or "no screen" not in refused.stderr:
        raise Fault(f"without a screen the window says {refused.stderr!r}")
    menu = f"{HOME}/with spaces/{folder.name}/add-to-menu"
    root.run(menu)
    entry = target.parent / ".local/share/applications/nti-desktop.desktop"
    if f'Exec="{program}" %f' not in entry.read_text():
        raise Fault(f"the menu's entry is wrong: {entry.read_text()}")
    root.run(menu, "--remove")
    if entry.exists():
        raise Fault("the menu's entry stayed")
    shutil.rmtree(target)


def try_doctor(root: BareRoot, program: str) -> None:
    with timed(f"doctor, {program}"):
        answer = json.loads(root.run(program, "doctor", "--json"))
    if not answer["well"] or "missing" in answer["packages"].values():
        raise Fault(f"doctor is not content: {answer}")


class Screen:
    """A screen without a monitor, its window manager, and a keyboard."""

    def __init__(self, name: str) -> None:
        self.environment = {**os.environ, "DISPLAY": name}

    def windows(self, name: str) -> list[str]:
        """The visible windows whose title matches."""
        return self._tool("search", "--onlyvisible", "--name", name).split()

    def press(self, *keys: str) -> None:
        self._tool("key", "--clearmodifiers", *keys)

    def write(self, text: str) -> None:
        self._tool("type", "--delay", "20", text)

    def _tool(self, *words: str) -> str:
        return subprocess.run(["xdotool", *words], env=self.environment, capture_output=True, text=True).stdout


@contextmanager
def screen() -> Iterator[Screen]:
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-ac"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as answer:
        found = Screen(f":{answer.readline().strip()}")
    quiet = subprocess.DEVNULL
    manager = subprocess.Popen(["openbox"], env=found.environment, stdout=quiet, stderr=quiet)
    try:
        yield found
    finally:
        for process in (manager, server):
            process.terminate()
            process.wait()


@contextmanager
def window(root: BareRoot, on: Screen, what: str, *words: str) -> Iterator[None]:
    """The program's window, closed at the end by its own shortcut; its exit code and silence are checked."""
    start = time.monotonic()
    running = subprocess.Popen(
        root.command(*words, variables={**_THREADS, "DISPLAY": on.environment["DISPLAY"]}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(f"the window of {what}", lambda: on.windows("NTI Desktop") or running.poll() is not None)
        print(f"{time.monotonic() - start:6.1f} s  {what}: to a visible window", flush=True)
        wait_for(f"{what} in the window's title", lambda: on.windows("photo.jpg") or running.poll() is not None)
        yield
        wait_for(f"the end of {what}", lambda: running.poll() is not None, lambda: on.press("ctrl+q"))
        output, errors = running.communicate()
        if running.returncode or output or errors:
            raise Fault(f"{what}: exit code {running.returncode}, {output}, {errors}")
    finally:
        running.kill()


def try_window(root: BareRoot) -> None:
    """A photo opened, prepared, edited by typing, saved; and its project opened again, as a file manager would."""
    photo = root.folder / HOME.strip("/") / "photo.jpg"
    root.run("cp", SAMPLE, f"{HOME}/photo.jpg")
    project = photo.with_name("photo.jpg.nti")
    with screen() as on:
        with (
            timed("the window: open, prepare, edit, save"),
            window(root, on, "photo.jpg", PROGRAM, f"{HOME}/photo.jpg"),
        ):
            on.press("ctrl+p")
            save = partial(on.press, "ctrl+s")
            wait_for("an inversion in the project", lambda: "method" in _project(project), save)
            on.press("ctrl+a")
            on.write(EDIT)
            on.press("Return")
            wait_for("the edit in the project", lambda: EDIT in _project(project), save)
        said = root.run(PROGRAM, "info", f"{HOME}/photo.jpg.nti")
        if EDIT not in said:
            raise Fault(f"info does not know the edit: {said}")
        kept = project.read_bytes()
        with window(root, on, "a double click on the project", "sh", "-c", _DOUBLE_CLICK, f"{HOME}/photo.jpg.nti"):
            pass
        if project.read_bytes() != kept:
            raise Fault("a project that was only opened was written")
    log = (root.folder / HOME.strip("/") / ".local/state/nti-desktop/log/window.log").read_text()
    if "ERROR" in log or (root.folder / HOME.strip("/") / ".local/state/nti-desktop/log/crash.log").read_text():
        raise Fault(f"the log has errors:\n{log}")


def _project(path: Path) -> str:
    try:
        with ZipFile(path) as archive:
            return archive.read("project.json").decode()
    except (OSError, BadZipFile):
        return ""


def try_types(root: BareRoot) -> None:
    """What the desktop knows of the project's kind; a project is told by its first bytes too."""
    root.run("cp", f"{HOME}/out/{Path(SAMPLE).name}.nti", f"{HOME}/nameless")
    for name in (f"{HOME}/nameless", f"{HOME}/out/{Path(SAMPLE).name}.nti"):
        kind = root.run("gio", "info", "--attributes=standard::content-type", name)
        if "application/x-nti-project" not in kind:
            raise Fault(f"gio takes {name} for {kind}")
    kind = root.run(
        "xdg-mime",
        "query",
        "filetype",
        f"{HOME}/out/{Path(SAMPLE).name}.nti",
        variables={"XDG_CURRENT_DESKTOP": "GNOME"},
    )
    if kind.strip() != "application/x-nti-project":
        raise Fault(f"xdg-mime takes a project for {kind}")
    if root.run("xdg-mime", "query", "default", "application/x-nti-project").strip() != "nti-desktop.desktop":
        raise Fault("projects are not opened by the program")
    if "nti-desktop.desktop" not in root.run("gio", "mime", "image/jpeg"):
        raise Fault("the program is not offered for photos")


def try_removal(root: BareRoot, before: set[str]) -> None:
    """What stays is what the desktop's own packages brought, and the user's files."""
    mine = {path for path in root.files() if path.startswith("home/")}
    root.administer("apt-get", "purge", "--yes", "nti-desktop")
    after = root.files()
    if lost := mine - after:
        raise Fault(f"removal took the user's files: {lost}")
    left = {path for path in after - before if "nti-desktop" in path and not path.startswith("home/")}
    if left:
        raise Fault(f"removal left {left}")


def main(arguments: Sequence[str]) -> int:
    folder, archive, package = (Path(argument).resolve() for argument in arguments)
    try:
        with timed("a fresh Debian"):
            root = make_root(folder)
        with timed("the archive"):
            try_archive(root, archive)
        before = root.files()
        with timed("installation"):
            shutil.copy(package, folder / "srv")
            root.administer("apt-get", "update")
            bare = ("apt-get", "install", "--yes", "--no-install-recommends")
            root.administer(*bare, f"/srv/{package.name}")  # what it depends on is complete: nothing else is there
            root.administer(*bare, "shared-mime-info", "desktop-file-utils", "xdg-utils", "libglib2.0-bin", "file")
            (folder / "srv" / package.name).unlink()
        size = sum(path.lstat().st_size for path in (folder / "opt/nti-desktop").rglob("*"))
        print(f"{package.stat().st_size / 1e6:6.0f} MB  the package\n{size / 1e6:6.0f} MB  installed")
        try_doctor(root, PROGRAM)
        try_types(root)
        try_window(root)
        with timed("removal"):
            try_removal(root, before)
    except Fault as fault:
        print(fault, file=sys.stderr)
        return 1
    print("All is well in the bare root.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
