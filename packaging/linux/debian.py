"""A Debian in a folder in which nothing else is, and how commands are run there."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

SUITE = "bookworm"
USER, HOME = "photographer", "/home/photographer"
PROGRAM = "/usr/bin/nti-desktop"
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


class Fault(Exception):
    """Something is not as it should be."""


class BareRoot:
    """A Debian in a folder, and how commands are run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(
        self,
        *words: str,
        variables: Mapping[str, str] = MappingProxyType({}),
        user: str = USER,
        network: bool = False,
    ) -> list[str]:
        """The command line that runs `words` in the root."""
        alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", *([] if network else ["--net"])]
        home = HOME if user == USER else "/root"
        known = {"HOME": home, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **_THREADS, **variables}
        settings = [f"{name}={value}" for name, value in known.items()]
        return [*alone, "bash", "-c", _ENTER, "bash", str(self.folder), user, "env", "-i", *settings, *words]

    def inside(self, path: str) -> Path:
        """Where an absolute path of the root lies on this machine."""
        return self.folder / path.removeprefix("/")

    def run(
        self,
        *words: str,
        variables: Mapping[str, str] = MappingProxyType({}),
        network: bool = False,
        remark: str = "",
    ) -> str:
        """Its output. Raises Fault when it fails, or says anything but the remark on standard error."""
        command = self.command(*words, variables=variables, network=network)
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE * 4)
        if done.returncode or done.stderr.strip() != remark:
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


def make_root(folder: Path) -> BareRoot:
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(
        ["debootstrap", "--variant=minbase", SUITE, folder], check=True, stdout=subprocess.DEVNULL, timeout=1200
    )
    for name in ("hosts", "resolv.conf", "apt/apt.conf.d"):  # how this machine reaches Debian
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
