"""Try the packages where nothing else is: in a fresh Debian without Python, Qt or a network.

    python packaging/linux/bare_root.py FOLDER ARCHIVE.tar.zst PACKAGE.deb

FOLDER is made anew. As root, on Debian or Ubuntu with debootstrap, zstd, xvfb, openbox and xdotool; only debootstrap
and the installation of what the package depends on use the network. Prints what was tried and the seconds it took; 1
and the reason at the first thing that is not as it should be.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from debian import HOME, PROGRAM, BareRoot, Fault, make_root, timed
from trial_jobs import try_demo, try_doctor, try_download, try_models, try_pictures
from trial_window import try_window

LARGEST_PACKAGE, LARGEST_INSTALLED = 350e6, 1.1e9  # bytes


def try_archive(root: BareRoot, archive: Path) -> None:
    """Unpacked by its user into the home folder, of which nothing is known beforehand."""
    target = root.inside(f"{HOME}/with spaces")
    target.mkdir()
    subprocess.run(["tar", "--use-compress-program=zstd", "-xf", archive, "-C", target], check=True)
    (folder,) = target.iterdir()
    program = f"{HOME}/with spaces/{folder.name}/nti-desktop"
    try_doctor(root, program)
    try_demo(root, program)
    refused = subprocess.run(root.command(program), capture_output=True, text=True)
    if refused.returncode != 1 or "no screen" not in refused.stderr:
        raise Fault(f"without a screen the window says {refused.stderr!r}")
    menu = f"{HOME}/with spaces/{folder.name}/add-to-menu"
    root.run(menu)
    entry = target.parent / ".local/share/applications/nti-desktop.desktop"
    if f'Exec=env "{program}" %F' not in entry.read_text():
        raise Fault(f"the menu's entry is wrong: {entry.read_text()}")
    root.run(menu, "--remove")
    if entry.exists():
        raise Fault("the menu's entry stayed")
    shutil.rmtree(target)


def try_types(root: BareRoot) -> None:
    """What the desktop knows of the project's kind; a project is told by its first bytes too."""
    root.run("cp", f"{HOME}/out/red-cube.jpg.nti", f"{HOME}/nameless")
    for name in (f"{HOME}/nameless", f"{HOME}/out/red-cube.jpg.nti"):
        kind = root.run("gio", "info", "--attributes=standard::content-type", name)
        if "application/x-nti-project" not in kind:
            raise Fault(f"gio takes {name} for {kind}")
    kind = root.run(
        "xdg-mime",
        "query",
        "filetype",
        f"{HOME}/out/red-cube.jpg.nti",
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
        if package.stat().st_size > LARGEST_PACKAGE or size > LARGEST_INSTALLED:
            raise Fault("the package has grown: what came in that the program does not use?")
        try_doctor(root, PROGRAM)
        try_types(root)
        try_window(root)
        try_pictures(root)
        try_models(root)
        try_download(root)
        with timed("removal"):
            try_removal(root, before)
    except Fault as fault:
        print(fault, file=sys.stderr)
        return 1
    print("All is well in the bare root.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
