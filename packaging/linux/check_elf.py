"""Whether a folder's programs and libraries run on Ubuntu 22.04: which versions of the system's libraries they ask for,
and that every library they name is in the folder or one that the package depends on.

    python packaging/linux/check_elf.py dist/nti-desktop

Prints what is needed from the system; 1 when something asks for too much.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from system_libraries import PACKAGES

NEWEST = {"GLIBC": (2, 35), "GLIBCXX": (3, 4, 30), "CXXABI": (1, 3, 13), "GCC": (12, 0, 0)}  # of Ubuntu 22.04
_VERSION = re.compile(r"(GLIBC|GLIBCXX|CXXABI|GCC)_([0-9.]+)")


@dataclass(frozen=True)
class Needs:
    """What one ELF file asks for: libraries by name, and versions of their symbols."""

    path: Path
    libraries: tuple[str, ...]
    versions: tuple[str, ...]

    def too_new(self) -> list[str]:
        found = (_VERSION.fullmatch(version) for version in self.versions)
        return [m[0] for m in found if m and tuple(map(int, m[2].split("."))) > NEWEST[m[1]]]


def elf_files(folder: Path) -> Iterator[Needs]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as file:
            try:
                elf = ELFFile(file)
            except ELFError:
                continue
            dynamic = elf.get_section_by_name(".dynamic")
            tags = dynamic.iter_tags() if dynamic else ()
            libraries = tuple(tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED")
            section = elf.get_section_by_name(".gnu.version_r")
            versions = (
                tuple(str(aux.name) for _, auxiliaries in section.iter_versions() for aux in auxiliaries)
                if section
                else ()
            )
            yield Needs(path, libraries, versions)


def main() -> int:
    folder = Path(sys.argv[1])
    names = {path.name for path in folder.rglob("*")}
    users: defaultdict[str, list[str]] = defaultdict(list)
    faults, count = [], 0
    for needs in elf_files(folder):
        count += 1
        faults += [f"{needs.path.relative_to(folder)} needs {version}." for version in needs.too_new()]
        for library in set(needs.libraries) - names:
            users[library].append(needs.path.name)
    for library, asking in sorted(users.items()):
        print(f"{library:24} {len(asking):4}  {PACKAGES.get(library, asking[0])}")
    faults += [f"{library} is needed by {users[library]} and is nowhere." for library in users.keys() - PACKAGES.keys()]
    faults += [f"{library} is needed by nobody; take it out of PACKAGES." for library in PACKAGES.keys() - users.keys()]
    print(*faults, f"{count} ELF files, {len(faults)} faults", sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
