"""Sidecars that are small or sound and cost much to whoever believes them, each as the files that it is made of."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from nti_desktop.project.extent import MAX_BYTES, MAX_VALUES
from nti_desktop.project.reading import MAX_UNKNOWN
from nti_desktop.project.schema import to_json
from nti_desktop.project.tensors import pack
from tests.sidecars import STEPS, make_all_arrays, make_project

RATIO = 199  # of a packed member to itself; more is refused at once


def write_sidecar_of(path: Path, members: Mapping[str, bytes], deflated: Iterable[str] = ()) -> None:
    """Write an archive as the program does, some of its members deflated and padded so that their ratio looks sane."""
    packed = set(deflated)
    entries, offset = [], 0
    with open(path, "wb") as file:
        for name, data in members.items():
            raw = _deflated(data) if name in packed else data
            method = zipfile.ZIP_DEFLATED if name in packed else zipfile.ZIP_STORED
            described = (20, 0, method, 0, 33, zlib.crc32(data), len(raw), len(data), len(name), 0)
            header = struct.pack("<4s5H3I2H", b"PK\x03\x04", *described) + name.encode()
            entries.append(
                struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, *described, 0, 0, 0, 0, offset) + name.encode()
            )
            file.write(header + raw)
            offset += len(header) + len(raw)
        contents = b"".join(entries)
        counts = (len(entries), len(entries), len(contents), offset)
        file.write(contents + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, *counts, 0))


def _deflated(data: bytes) -> bytes:
    pack = zlib.compressobj(1, wbits=-15)
    raw = pack.compress(data) + pack.flush()
    missing = -(-len(data) // RATIO) - len(raw)
    return b"\0\0\0\xff\xff" * max(0, -(-missing // 5)) + raw  # empty blocks


def good_members(tree: dict[str, Any] | None = None) -> dict[str, bytes]:
    """A sound project's parts. tree: another project.json."""
    arrays = make_all_arrays()
    return {
        "mimetype": b"application/x-nti-project",
        "project.json": json.dumps(good_tree() if tree is None else tree).encode(),
        "inversions/one.safetensors": pack(arrays["one"]),
        "inversions/two.safetensors": pack(arrays["two"]),
    }


def good_tree() -> dict[str, Any]:
    """A sound project.json."""
    tree: dict[str, Any] = json.loads(to_json(make_project()))
    return tree


def with_versions(count: int, **changes: Any) -> dict[str, Any]:
    """A project of many versions. changes: of each recipe."""
    tree = good_tree()
    version = tree["versions"][0]
    version["recipe"] |= changes
    tree["versions"] = [version | {"id": f"v{number}"} for number in range(count)]
    return tree


def webp(side: int = 1600, frames: int = 1) -> bytes:
    """A picture of one colour, or an animation."""
    pictures = [Image.new("RGB", (side, side), (number % 250, 200, 30)) for number in range(frames)]
    data = io.BytesIO()
    pictures[0].save(data, "WEBP", quality=1, save_all=frames > 1, append_images=pictures[1:])
    return data.getvalue()


def _write_json(path: Path, tree: dict[str, Any]) -> None:
    write_sidecar_of(path, good_members(tree), ["project.json"])


def _unknown(value: object) -> Callable[[Path], None]:
    return lambda path: _write_json(path, good_tree() | {"of a later program": value})


def _words(versions: int, words: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        said = [f"w{number}" for number in range(words)]
        controls = [{"position": n, "text": word, "weight": 2.0, "cross_until": None} for n, word in enumerate(said)]
        _write_json(path, with_versions(versions, prompt=" ".join(said), words=controls, blend=None))

    return write


def _sentences(path: Path) -> None:
    tree = with_versions(700)
    for number, version in enumerate(tree["versions"]):
        prompt = "é " * 980 + f"{number} ball"
        words = [{"position": 981, "text": "ball", "weight": 2.0, "cross_until": None}]
        version["recipe"] = version["recipe"] | {"prompt": prompt, "words": words, "blend": None}
    _write_json(path, tree)


def _escapes(path: Path) -> None:
    text = b'{"schema_version": 2, "zz": "' + b'\\"' * (MAX_BYTES // 2 - 100)
    write_sidecar_of(path, good_members() | {"project.json": text}, ["project.json"])


def _many_errors(path: Path) -> None:
    _write_json(path, good_tree() | {"versions": [{}] * 1000, "inversions": [{}] * 1000, "frames": [{}] * 1000})


def _deep(path: Path) -> None:
    write_sidecar_of(path, good_members(good_tree() | {"zz": json.loads("[" * 190 + "]" * 190)}))


def _zeros(side: int, channels: int = 4, seen: int = 128) -> tuple[dict[str, Any], bytes]:
    """A project whose pivot is zeros of this side, and the pivot. seen: side of what the model is said to see."""
    tree = good_tree()
    tree["photo"] |= {"width": 3000, "height": 3000}
    tree["frames"][0] |= {"width": 3000, "height": 3000, "model_width": seen, "model_height": seen}
    tree["inversions"] = tree["inversions"][1:]
    size = (STEPS + 1) * channels * side * side * 2
    shape = [STEPS + 1, channels, side, side]
    header = json.dumps({"pivot": {"dtype": "F16", "shape": shape, "data_offsets": [0, size]}}).encode()
    return tree, struct.pack("<Q", len(header)) + header + bytes(size)


def _arrays(side: int, channels: int = 4, seen: int = 128) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        tree, pivot = _zeros(side, channels, seen)
        members = good_members(tree) | {"inversions/two.safetensors": pivot}
        write_sidecar_of(path, members, ["inversions/two.safetensors"])

    return write


def _parts(count: int, size: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        parts = {f"x/{number}": bytes(size) for number in range(count)}
        write_sidecar_of(path, good_members() | parts, parts if size else ())

    return write


def _with_a_backup(write: Callable[[Path], None]) -> Callable[[Path], None]:
    """The bomb lies where the state before the last save is, beside a file that is damaged."""

    def write_both(path: Path) -> None:
        write(path.with_name(path.name + "~"))
        path.write_bytes(b"broken")

    return write_both


def _previews(count: int, **how: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        picture, tree = webp(**how), with_versions(count)
        previews = {f"previews/v{number}.webp": picture for number in range(count)}
        write_sidecar_of(path, good_members(tree) | previews)

    return write


BOMBS: dict[str, Callable[[Path], None]] = {
    "millions of lists": _unknown([[]] * 2_000_000),
    "as many lists as a project may have": _unknown([[]] * (MAX_VALUES // 2 - 1000)),
    "as many objects as a project may have": _unknown([{"a": {}}] * (MAX_VALUES // 3 - 1000)),
    "as many numbers as a project may have": _unknown([1e-300] * (MAX_VALUES - 1000)),
    "as many texts as a project may have": _unknown(["é"] * (MAX_VALUES - 1000)),
    "as many names as a project may have": _unknown({str(n): 0 for n in range(MAX_VALUES - 1000)}),
    "one text as long as a project may be": _unknown("é" * (MAX_BYTES // 6 - 4000)),
    "a text of escapes that does not end": _escapes,
    "lists within lists": _deep,
    "thousands of errors": _many_errors,
    "a thousand versions": lambda path: _write_json(path, with_versions(1000, words=[], blend=None)),
    "as many words as a project may have": _words(140, 190),
    "more words than a project may have": _words(150, 1000),
    "long sentences": _sentences,
    "arrays of half a gigabyte": _arrays(3200, seen=2**11),
    "arrays as large as the model's picture": _arrays(1024, seen=2**11),
    "latents larger than the model's picture": _arrays(512),
    "parts of half a gigabyte": _parts(3, 2**29),
    "as many parts as there may be": _parts(MAX_UNKNOWN, 0),
    "a backup with parts of half a gigabyte": _with_a_backup(_parts(3, 2**29)),
    "a backup with arrays of half a gigabyte": _with_a_backup(_arrays(3200, seen=2**11)),
    "a thousand previews": _previews(1000),
    "an animated preview": _previews(1, frames=100),
}
