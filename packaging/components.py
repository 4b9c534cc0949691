"""What a frozen program is made of: libraries, versions and licences, for the notices and the bill of materials.

python packaging/components.py dist/nti-desktop bill-of-materials.json     (CycloneDX 1.5)
"""

import json
import platform
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
_NOTICE = re.compile(r"\.dist-info/(licen[cs]es/|[^/]*(licen[cs]e|copying|notice|authors)[^/]*$)", re.IGNORECASE)
_LGPL = ("PySide6_Essentials", "shiboken6", "pyvips-binary")  # their wheels do not hold all texts that apply


@dataclass(frozen=True)
class Component:
    """One library in the folder. notices: files and where each lies below the library's own folder of notices."""

    name: str
    version: str
    licence: str
    purl: str
    notices: tuple[tuple[Path, str], ...]


def needed_distributions() -> Iterator[Distribution]:
    """The installed libraries that the program asks for, directly or not; itself is not counted."""
    seen: set[str] = set()
    waiting = ["nti-desktop"]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        found = distribution(name)
        for line in found.requires or ():
            needed = Requirement(line)
            extras = ("", "binary") if name == "pyvips" else ("",)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(needed.name)
        if name != "nti-desktop":
            yield found


def held(found: Iterable[Distribution], files: set[str]) -> list[Distribution]:
    """Those of them that have a file among `files`, the collected sources."""
    return [one for one in found if any(str(one.locate_file(file)) in files for file in one.files or ())]


def metadata(found: Iterable[Distribution]) -> Iterator[tuple[str, str]]:
    """(where in the folder, source): libraries ask for one another's versions."""
    for one in found:
        for file in one.files or ():
            if file.match("*.dist-info/METADATA"):
                yield str(file), str(one.locate_file(file))


def of_distribution(found: Distribution) -> Component:
    """One library from PyPI."""
    about = found.metadata
    notices = [
        (Path(str(found.locate_file(file))), str(file).partition(".dist-info/")[2])
        for file in found.files or ()
        if _NOTICE.search(str(file))
    ]
    if found.name in _LGPL:
        notices += [(path, path.name) for path in sorted((ROOT / "packaging" / "licences").iterdir())]
    classified = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier", ()) if line.startswith("License")]
    said = (str(about[field]) for field in ("License-Expression", "License") if field in about)
    licence = ", ".join(classified) or next(said, "") or "see its notices"
    purl = f"pkg:pypi/{found.name.lower().replace('_', '-')}@{found.version}"
    return Component(found.name, found.version, licence.splitlines()[0], purl, tuple(notices))


def of_system(library: Path) -> Component | None:
    """A library of the building machine, by its Debian package; None for one that no package owns."""
    for path in (library, Path("/", *library.parts[2:])):  # /usr/lib and /lib are one, dpkg knows either
        asked = subprocess.run(["dpkg-query", "--search", path], capture_output=True, text=True)
        if asked.returncode == 0:
            package = asked.stdout.partition(":")[0]
            break
    else:
        return None
    form = "${source:Package}|${source:Version}|${Architecture}"
    asked = subprocess.run(["dpkg-query", "--show", "--showformat", form, package], capture_output=True, text=True)
    source, version, architecture = asked.stdout.split("|")
    copyright_file = Path("/usr/share/doc", package, "copyright")
    return Component(
        package,
        version,
        f"see the notices of {source}",
        f"pkg:deb/debian/{package}@{version}?arch={architecture}",
        ((copyright_file, "copyright"),),
    )


def of_python() -> Component:
    folders = (Path(sysconfig.get_paths()["stdlib"]), Path(sys.base_prefix), Path("/usr/share/doc/python3"))
    files = [folder / name for folder in folders for name in ("LICENSE.txt", "copyright")]
    version = platform.python_version()
    notices = tuple((path, path.name) for path in files if path.exists())[:1]
    return Component("Python", version, "PSF-2.0", f"pkg:generic/python@{version}", notices)


def notices(components: Iterable[Component]) -> Iterator[tuple[str, str]]:
    """(where in the folder, source) of every licence text."""
    yield "THIRD-PARTY/README.md", str(ROOT / "packaging" / "THIRD-PARTY.md")
    yield "THIRD-PARTY/NTI Desktop/LICENSE", str(ROOT / "LICENSE")
    for one in components:
        if not one.notices and one.licence != "Apache-2.0" and "Apache" not in one.licence:
            raise SystemExit(f"{one.name} {one.version} has no licence text; add it to packaging/licences.")
        for path, name in one.notices:
            yield f"THIRD-PARTY/{one.name} {one.version}/{name}", str(path)


def main() -> int:
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    inside = folder / "_internal"
    found = [of_distribution(one) for one in distributions(path=[str(inside)])]
    known = {one.name for one in found}
    others = [
        path.name.rpartition(" ")
        for path in sorted((inside / "THIRD-PARTY").iterdir())
        if path.is_dir() and path.name.rpartition(" ")[0] not in known | {"", "NTI"}
    ]
    version = re.search(r'"(.*)"', (ROOT / "nti_desktop" / "__init__.py").read_text().split("__version__", 1)[1])
    components = [
        {"type": "library", "name": one.name, "version": one.version, "purl": one.purl, "description": one.licence}
        for one in found
    ] + [{"type": "library", "name": name, "version": number} for name, _, number in others]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "nti-desktop", "version": version[1] if version else ""}
        },
        "components": components,
    }
    target.write_text(json.dumps(bill, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(components)} components in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
