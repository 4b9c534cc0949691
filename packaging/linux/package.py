"""Make the Debian package and the archive for other systems from the frozen folder.

    python packaging/linux/package.py dist/nti-desktop dist

Needs dpkg-deb and zstd. The files are as old as SOURCE_DATE_EPOCH says, or else the main program.
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from system_libraries import PACKAGES

LINUX = Path(__file__).resolve().parent
ROOT = LINUX.parent.parent
sys.path.insert(0, str(ROOT))

from nti_desktop import __version__  # noqa: E402  -- the one place that says it

MAINTAINER = "The NTI Desktop developers <nti-desktop@localhost>"
_CONTROL = """\
Package: nti-desktop
Version: {version}
Architecture: amd64
Maintainer: {maintainer}
Installed-Size: {size}
Depends: {depends}
Recommends: fonts-dejavu-core | fonts-noto-core | fonts-liberation, shared-mime-info, xdg-utils
Section: graphics
Priority: optional
Description: edit a photo by changing the sentence that describes it
 You open a photo and say in a sentence what it shows. Then you edit by
 changing words: swap one, add one, turn one up or down, confine the change
 to a part of the picture. The photo itself is never touched; all work lies
 in a file beside it. Everything runs on your own machine, offline.
"""
_COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: NTI Desktop
Comment: The interpreter and libraries in /opt/nti-desktop/_internal have licences of their own, which lie in
 /opt/nti-desktop/_internal/THIRD-PARTY.

Files: *
Copyright: 2026 The NTI Desktop developers
License: Apache-2.0
 On Debian systems, the full text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
"""


def main() -> int:
    folder, target = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    when = int(os.environ.get("SOURCE_DATE_EPOCH", (folder / "nti-desktop").stat().st_mtime))
    _modes(folder)
    archive = target / f"nti-desktop-{__version__}-linux-x86_64.tar.zst"
    package = target / f"nti-desktop_{__version__}_amd64.deb"
    _tar(folder, archive, when)
    _deb(folder, package, when)
    for path in (archive, package):
        print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB")
    return 0


def _modes(folder: Path) -> None:
    """Programs may be run by everybody, nothing may be written but by its owner."""
    programs = (folder / "nti-desktop", folder / "_internal" / "torch" / "bin" / "torch_shm_manager")
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path in programs else 0o644)


def _fill(text: str, when: int) -> str:
    date = datetime.fromtimestamp(when, UTC).date().isoformat()
    return text.replace("@VERSION@", __version__).replace("@DATE@", date)


def _tar(folder: Path, archive: Path, when: int) -> None:
    """The folder with a script that puts it into the user's menu."""
    room = _empty("tar")
    inside = room / f"nti-desktop-{__version__}"
    shutil.copytree(folder, inside, symlinks=True, copy_function=os.link)
    shutil.copy(LINUX / "add-to-menu", inside)
    (inside / "share").mkdir()
    for name in ("nti-desktop.desktop", "nti-desktop.xml"):
        shutil.copy(LINUX / name, inside / "share")
    owner = ("--owner=0", "--group=0", "--numeric-owner", "--sort=name", f"--mtime=@{when}")
    command = ("tar", *owner, "--use-compress-program=zstd -T0 -12 -q", "-cf", archive, "-C", room, inside.name)
    subprocess.run(command, check=True)
    shutil.rmtree(room)


def _deb(folder: Path, package: Path, when: int) -> None:
    room = _empty("deb")
    share = room / "usr" / "share"
    shutil.copytree(folder, room / "opt" / "nti-desktop", symlinks=True, copy_function=os.link)
    (room / "usr" / "bin").mkdir(parents=True)
    (room / "usr" / "bin" / "nti-desktop").symlink_to("/opt/nti-desktop/nti-desktop")
    _write(share / "applications" / "nti-desktop.desktop", (LINUX / "nti-desktop.desktop").read_text())
    _write(share / "mime" / "packages" / "nti-desktop.xml", (LINUX / "nti-desktop.xml").read_text())
    metainfo = (LINUX / "nti-desktop.metainfo.xml").read_text()
    _write(share / "metainfo" / "nti-desktop.metainfo.xml", _fill(metainfo, when))
    for size in (16, 32, 48, 64, 128, 256):
        icon = share / "icons" / "hicolor" / f"{size}x{size}" / "apps" / "nti-desktop.png"
        icon.parent.mkdir(parents=True)
        shutil.copy(ROOT / "build" / "icons" / f"{size}.png", icon)
    drawing = (ROOT / "resources" / "icons" / "nti-desktop.svg").read_text()
    _write(share / "icons" / "hicolor" / "scalable" / "apps" / "nti-desktop.svg", drawing)
    _write(share / "lintian" / "overrides" / "nti-desktop", (LINUX / "lintian-overrides").read_text())
    _write(share / "doc" / "nti-desktop" / "copyright", _COPYRIGHT)
    date = datetime.fromtimestamp(when, UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
    news = f"nti-desktop ({__version__}) stable; urgency=medium\n\n  * See README.md.\n\n -- {MAINTAINER}  {date}\n"
    _write(share / "doc" / "nti-desktop" / "changelog.gz", news)
    _write(share / "man" / "man1" / "nti-desktop.1.gz", _fill((LINUX / "nti-desktop.1").read_text(), when))

    files = [path for path in sorted(room.rglob("*")) if path.is_file() and not path.is_symlink()]
    sums = "".join(f"{_md5(path)}  {path.relative_to(room)}\n" for path in files)
    control = _CONTROL.format(
        version=__version__,
        maintainer=MAINTAINER,
        size=sum(path.stat().st_size for path in files) // 1024,
        depends=", ".join(sorted({*PACKAGES.values(), "hicolor-icon-theme"})),
    )
    _write(room / "DEBIAN" / "control", control)
    _write(room / "DEBIAN" / "md5sums", sums)
    for path in room.rglob("*"):
        os.utime(path, (when, when), follow_symlinks=False)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(when)}
    command = ("dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "--build", room, package)
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    shutil.rmtree(room)


def _empty(name: str) -> Path:
    """A new folder for one package, beside the frozen one so that files can be linked."""
    room = ROOT / "build" / name
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir(parents=True)
    return room


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if path.suffix == ".gz" else text.encode())
    path.chmod(0o644)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
