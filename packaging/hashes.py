"""Write into constraints.txt the hashes of the files that pip may install; run by hand whenever a version changes.

    python packaging/hashes.py

It asks pip, 23.3 or newer, which file of each version it would take on each system with each Python, from the index
that everybody has, whatever this machine is configured for. A file that is only in another index, as PyTorch's builds
for processors are, has no hash here: see packaging/environment.py.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from environment import section

CONSTRAINTS = Path(__file__).resolve().parent.parent / "constraints.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_GLIBC = range(35, 4, -1)  # the oldest system that is supported has 2.35
SYSTEMS: dict[str, list[str]] = {
    "Linux": [*(f"manylinux_2_{minor}_x86_64" for minor in _GLIBC), "manylinux2014_x86_64", "manylinux1_x86_64"],
    "Windows": ["win_amd64"],
    "macOS": [f"macosx_{major}_0_{kind}" for major in range(15, 10, -1) for kind in ("arm64", "universal2")],
}
_EVERYBODYS = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
_NOT_THERE = re.compile(r"No matching distribution found for (\S+)")


def pins_in(text: str) -> list[str]:
    """Read the “name==version” of each package."""
    return re.findall(r"^[\w.-]+==[^\s\\;]+", text, re.MULTILINE)


def with_hashes(text: str, hashes: Mapping[str, Iterable[str]]) -> str:
    """Put the hashes of each package below its line, in place of those that were there."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.lstrip().startswith("--hash"):
            continue
        pins = pins_in(line)
        found = sorted(hashes[pins[0]]) if pins else []
        lines.append(" \\\n    ".join([line.rstrip(" \\"), *(f"--hash=sha256:{each}" for each in found)]))
    return "\n".join(lines) + "\n"


def files_for(pins: Iterable[str], *options: str) -> dict[str, str]:
    """Ask pip which file of each package it would take, as SHA-256 by pin; a package without one is left out."""
    wanted = list(pins)
    while wanted:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            command = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--dry-run",
                "--ignore-installed",
                "--no-deps",
                "--quiet",
            ]
            command += ["--target", folder, "--report", str(report), *options, *wanted]
            done = subprocess.run(command, env=os.environ | _EVERYBODYS, capture_output=True, text=True)
            missing = _NOT_THERE.search(done.stderr)
            if done.returncode == 0:
                reported = json.loads(report.read_text())["install"]
                taken = {plain(item["metadata"]["name"]): item["download_info"]["archive_info"] for item in reported}
                return {pin: taken[plain(pin)]["hashes"]["sha256"] for pin in wanted}
        if missing is None or missing[1] not in wanted:
            sys.exit(f"pip could not say which files there are:\n{done.stderr}")
        wanted.remove(missing[1])
    return {}


def plain(pin: str) -> str:
    """A package's name, of which there is more than one spelling, without its version."""
    return re.sub(r"[-_.]+", "-", pin.partition("==")[0]).lower()


def main() -> None:
    text = CONSTRAINTS.read_text("utf-8")
    hashes: dict[str, set[str]] = {pin: set() for pin in pins_in(text)}
    cuda, source = pins_in(section(text, "cuda")), pins_in(section(text, "source"))
    others = [pin for pin in hashes if pin not in cuda and pin not in source]

    def ask(pins: list[str], system: str, python: str) -> None:
        tags = [f"--platform={tag}" for tag in SYSTEMS[system]]
        found = files_for(pins, "--only-binary=:all:", f"--python-version={python}", *tags)
        print(f"{system}, Python {python}: {len(found)} of {len(pins)} packages", flush=True)
        for pin, digest in found.items():
            hashes[pin].add(digest)

    with ThreadPoolExecutor(4) as asking:
        for done in [asking.submit(ask, others, system, python) for system in SYSTEMS for python in PYTHONS]:
            done.result()
    for python in PYTHONS:  # one after the other: pip fetches these whole, gigabytes that are the same for each Python
        ask(cuda, "Linux", python)
    for pin in source:
        hashes[pin] = set(files_for([pin], f"--no-binary={plain(pin)}").values())
    without = [pin for pin, found in hashes.items() if not found]
    if without:
        sys.exit(f"There are no files of {', '.join(without)}; nothing was written.")
    CONSTRAINTS.write_text(with_hashes(text, hashes), "utf-8")


if __name__ == "__main__":
    main()
