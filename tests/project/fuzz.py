"""Sidecars damaged at random, of both formats: each opens or is refused in one sentence, and what opens can be saved.

By hand: `python -m tests.project.fuzz --rounds 1000000`, with --seed for other files and --seconds to end in time.
"""

import argparse
import copy
import json
import random
import re
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from nti_desktop.core.errors import SidecarError
from nti_desktop.editing.previews import decode_preview
from nti_desktop.project.archive import stored, zipped
from nti_desktop.project.recovery import recover_sidecar
from nti_desktop.project.sidecar import (
    SidecarDamaged,
    Stored,
    backup_path,
    read_sidecar,
    write_sidecar,
)
from nti_desktop.project.tensors import pack
from tests.project.bombs import good_members, good_tree, webp
from tests.sidecars import make_all_arrays

_TEXTS = [
    "",
    "a",
    "\0",
    "\x1b[31m",
    "..",
    "../../etc/passwd",
    "C:\\x",
    "\u202egnp",
    "\u200b",
    "a\nb",
    "<b>x</b>",
    "é",
    "e\u0301",
    "\U0001f600",
    "x" * 65,
    "x" * 2001,
    "x" * 10_001,
    "one",
    "two",
    "v0",
    "v1",
    "whole",
    "null-text",
    "edict",
    "instruct",
    "quick",
    "source",
    "edit",
    "held",
    "attention",
    "0" * 64,
    "F" * 64,
    "2026-03-01T12:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30T00:00:00Z",
    "12",
    "١٢",
    "blue",
    "ball",
]
_NUMBERS = [
    0,
    1,
    -1,
    2,
    3,
    5,
    9,
    50,
    501,
    1000,
    10**6,
    10**6 + 1,
    2**31,
    2**53 + 1,
    2**63,
    2**64,
    10**30,
    0.0,
    -0.0,
    0.1,
    0.5,
    1.5,
    -0.1,
    1e-320,
    1e308,
    -1e308,
    30.0001,
]
_RAW = [
    "NaN",
    "-Infinity",
    "1e999",
    '"\\ud800"',
    '"\\udc00\\ud800"',
    "9" * 5000,
    "[" * 31 + "]" * 31,
    "[" * 200 + "]" * 200,
    '{"a":' * 40 + "1" + "}" * 40,
    "-",
    "01",
    "1.",
    "'a'",
    '"\xff"',
    "undefined",
    "-0",
    "0.1e-400",
    "[" * 99_999,
]
_STILL, _MOVING = webp(40), webp(24, frames=3)
_MEMBERS = good_members() | {"previews/v0.webp": _STILL, "previews/v1.webp": _MOVING, "x/notes": b"notes"}
_MARK = "@@raw{}@@"


@dataclass
class Found:
    """outcomes: how often what came of it; faults: of each kind, the round it was found in first; slowest: seconds of
    the processor that a round took, and its number; grown: MB that the process grew by since its hundredth round.
    """

    rounds: int = 0
    slowest: tuple[float, int] = (0.0, 0)
    grown: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: dict[str, int] = field(default_factory=dict)


def fuzz(rounds: int, seed: int, folder: Path, seconds: float = float("inf")) -> Found:
    """Damage, open and save so many sidecars in a folder of their own, or as many as there is time for."""
    found, ends, small = Found(), time.monotonic() + seconds, 0
    while found.rounds < rounds and time.monotonic() < ends:
        chance = random.Random(f"{seed} {found.rounds}")  # so that a round can be had again without those before it
        path = folder / "IMG 0042.JPG.nti"
        data, kind = _damaged(chance)
        path.write_bytes(data)
        began = time.process_time()
        try:
            found.outcomes[f"{kind}: {_open_and_save(path, chance)}"] += 1
        except Exception as error:
            found.faults.setdefault(f"{kind}: {type(error).__name__}: {str(error)[:300]}", found.rounds)
        found.slowest = max(found.slowest, (time.process_time() - began, found.rounds))
        left = [each for each in folder.iterdir() if each not in (path, backup_path(path))]
        if [each for each in left if not each.name.endswith(".damaged")]:
            found.faults.setdefault(f"{kind}: files are left behind", found.rounds)
        for each in folder.iterdir():
            each.unlink()
        found.rounds += 1
        if found.rounds == 100:
            small = _resident()
    found.grown = (_resident() - small) / 2**20 if small else 0.0
    return found


def _resident() -> int:
    """Bytes of memory that the process has now."""
    held: int = psutil.Process().memory_info().rss
    return held


def _open_and_save(path: Path, chance: random.Random) -> str:
    try:
        found = read_sidecar(path)
    except SidecarError as error:
        _check_sentence(error)
        return "refused"
    useful = _look_at(found)
    if found.read_only:
        return "of a newer program"
    project = found.project
    versions = tuple(each.model_copy(update={"name": "Renamed"}) for each in project.versions[:1])
    changed = project.model_copy(update={"versions": (*versions, *project.versions[1:]), "program": "fuzz"})
    write_sidecar(path, changed, {}, {}, found.signature)
    again = read_sidecar(path)
    assert again.project == changed, "another project came back"
    assert _look_at(again) == useful, "parts were lost or changed by saving"
    if chance.random() < 0.1:
        path.write_bytes(b"broken")
        try:
            recover_sidecar(path)
        except SidecarError as error:
            _check_sentence(error)
    return "saved"


def _look_at(found: Stored) -> list[object]:
    """All that an open project is asked for: what it gives, or that it gives nothing."""
    seen: list[object] = []
    for version in found.project.versions:
        preview = found.preview(version.id)
        pixels = None if preview is None else decode_preview(preview)
        seen.append(None if pixels is None else pixels.tobytes())
        version.recipe.recipe()
    for inversion in found.project.inversions:
        try:
            arrays = found.arrays(inversion.id)
        except SidecarDamaged as error:
            _check_sentence(error)
            seen.append(None)
            continue
        assert all(np.isfinite(array).all() for array in arrays.values()), "arrays hold no numbers"
        seen.append([(name, array.tobytes()) for name, array in arrays.items()])
    return seen


def _check_sentence(error: SidecarError) -> None:
    sentence = str(error)
    assert "\n" not in sentence, "more than one line"
    assert len(sentence) < 800, "a sentence that nobody reads"


# Damage


def _damaged(chance: random.Random) -> tuple[bytes, str]:
    """The bytes of a file, and what kind of damage it has."""
    arrays, members = make_all_arrays(), _MEMBERS.copy()
    kind = chance.choice(["format 1", "format 2", "text", "arrays", "numbers", "preview", "part", "archive", "file"])
    match kind:
        case "format 1" | "format 2":
            members["project.json"] = _json(chance, old=kind == "format 1")
        case "text":
            members["project.json"] = _flipped(chance, members["project.json"])
        case "arrays":
            name = chance.choice(["one", "two"])
            members[f"inversions/{name}.safetensors"] = _header(chance, pack(arrays[name]))
        case "numbers":
            name = chance.choice(["one", "two"])
            array = arrays[name]["pivot"]
            array.flat[chance.randrange(array.size)] = chance.choice([np.nan, np.inf, -np.inf, 1e38, 65_520, 1e-45])
            members[f"inversions/{name}.safetensors"] = pack(arrays[name])
        case "preview":
            members["previews/v0.webp"] = _flipped(chance, members["previews/v0.webp"])
        case "part":
            name = chance.choice(
                ["x/notes", "x/" + "n" * chance.choice([1, 158, 159]), "y/notes", "previews/gone.webp"]
            )
            members[name] = chance.randbytes(chance.choice([0, 1, 1000]))
    data = b"".join(zipped((name, lambda data=data: stored(data)) for name, data in members.items()))
    if kind == "archive":
        headers = [found.start() for found in re.finditer(b"PK", data)]
        places = [at for header in headers for at in range(header, min(header + 60, len(data)))]
        data = _flipped(chance, data, places)
    elif kind == "file":
        data = _flipped(chance, data)
    return data, kind


def _flipped(chance: random.Random, data: bytes, places: list[int] | None = None) -> bytes:
    """Bits flipped, bytes replaced, or a piece cut out, left out at the end or doubled."""
    changed = bytearray(data)
    if places is None and chance.random() < 0.3:
        start, end = sorted((chance.randrange(len(data)), chance.randrange(len(data))))
        return chance.choice([data[:start], data[:start] + data[end:], data[:end] + data[start:], data[start:]])
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        place = chance.choice(places) if places else chance.randrange(len(changed))
        changed[place] = chance.choice([changed[place] ^ (1 << chance.randrange(8)), 0, 255, chance.randrange(256)])
    return bytes(changed)


def _json(chance: random.Random, old: bool) -> bytes:
    """project.json with other values at some places. old: of format 1."""
    tree = good_tree()
    if old:
        tree["schema_version"] = 1
        for version in tree["versions"]:
            for name in ("strength", "reweighting", "automatic"):
                del version["recipe"][name]
    raw: list[str] = []
    for _ in range(chance.choice([1, 1, 2, 3, 5])):
        _change(chance, tree, raw)
    text = json.dumps(tree, ensure_ascii=chance.random() < 0.5)
    for number, value in enumerate(raw):
        text = text.replace(json.dumps(_MARK.format(number)), value)
    return text.encode("utf-8", "surrogatepass")


def _change(chance: random.Random, tree: Any, raw: list[str]) -> None:
    *steps, last = chance.choice([place for place in _places(tree) if place])
    parent = tree
    for step in steps:
        parent = parent[step]
    match chance.randrange(7):
        case 0 | 1 | 2:
            parent[last] = _value(chance, raw)
        case 3:
            del parent[last]
        case 4 if isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
        case 4:
            parent[f"zz{chance.randrange(9)}"] = _value(chance, raw)
        case 5 if isinstance(parent[last], (int, float)):
            parent[last] = parent[last] * chance.choice([-1, 2, 0.5, 10]) + chance.choice([0, 1, -1])
        case _:
            parent[last] = copy.deepcopy(parent)


def _places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    rows = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, below in rows:
        yield from _places(below, (*at, step))


def _value(chance: random.Random, raw: list[str]) -> object:
    match chance.randrange(6):
        case 0:
            return chance.choice(_TEXTS)
        case 1 | 2:
            return chance.choice(_NUMBERS)
        case 3:
            return chance.choice([None, True, False, [], {}, [None], [[[]]], {"a": 1}])
        case 4:
            return [_value(chance, raw) for _ in range(chance.randrange(4))]
        case _:
            raw.append(chance.choice(_RAW))
            return _MARK.format(len(raw) - 1)


def _header(chance: random.Random, data: bytes) -> bytes:
    """Arrays whose header says something else, or whose bytes are others."""
    (length,) = struct.unpack("<Q", data[:8])
    if chance.random() < 0.2:
        return _flipped(chance, data, list(range(8 + length)))
    header, body, raw = json.loads(data[8 : 8 + length]), data[8 + length :], list[str]()
    _change(chance, header, raw)
    text = json.dumps(header)
    for number, value in enumerate(raw):
        text = text.replace(json.dumps(_MARK.format(number)), value)
    said = text.encode("utf-8", "surrogatepass")
    claimed = chance.choice([len(said)] * 6 + [0, len(said) + 1, 2**16 + 1, 2**63, 2**64 - 1])
    return struct.pack("<Q", claimed) + said + body


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = fuzz(options.rounds, options.seed, Path(folder), options.seconds)
    print(f"{result.rounds} rounds; the slowest, {result.slowest[1]}, took {result.slowest[0]:.2f} s of the processor")
    print(f"The process grew by {result.grown:.1f} MB")
    for outcome, count in sorted(result.outcomes.items()):
        print(f"{count:8d} {outcome}")
    for fault, number in result.faults.items():
        print(f"FAULT in round {number}: {fault}")
    sys.exit(bool(result.faults))
