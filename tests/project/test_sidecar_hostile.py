"""Files that were damaged or made to do harm are refused in one sentence, before they cost anything."""

import io
import json
import pickle
import random
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save as pack_any

from nti_desktop.core.errors import SidecarError
from nti_desktop.project.archive import Archive, Unsound
from nti_desktop.project.extent import MAX_BYTES
from nti_desktop.project.schema import to_json
from nti_desktop.project.sidecar import SidecarDamaged, read_sidecar, signature_of, write_sidecar
from nti_desktop.project.tensors import MAX_HEADER, pack
from tests.project import bombs
from tests.sidecars import STEPS, make_all_arrays, make_arrays, make_project, read_whole

MIMETYPE = b"application/x-nti-project"
SHAPE = (STEPS + 1, 4, 8, 12)
FLOATS = 4 * int(np.prod(SHAPE))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "IMG 0042.JPG.nti"


def good_members() -> dict[str, bytes]:
    arrays = make_all_arrays()
    return {
        "mimetype": MIMETYPE,
        "project.json": to_json(make_project()),
        "inversions/one.safetensors": pack(arrays["one"]),
        "inversions/two.safetensors": pack(arrays["two"]),
    }


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """As `zipfile` writes it, the mimetype always stored."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else method
            archive.writestr(info, data)
    return buffer.getvalue()


def with_member(name: str, data: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    return zipped(good_members() | {name: data}, method)


def renamed(old: str, new: str, places: slice = slice(None)) -> bytes:
    """A good file in which a member's name is overwritten: locally, in the table of contents, or both."""
    assert len(old) == len(new)
    parts = with_member(old, b"data").split(old.encode())
    names = [old.encode()] * (len(parts) - 1)
    names[places] = [new.encode("latin-1")] * len(names[places])
    return b"".join(part + name for part, name in zip(parts, [*names, b""], strict=True))


def with_flag(bit: int) -> bytes:
    """A good file in which one member carries a flag in both headers."""
    data = bytearray(with_member("x/data", b"data"))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.rindex(magic) + offset
        data[place : place + 2] = struct.pack("<H", bit)
    return bytes(data)


def patched(magic: bytes, offset: int, layout: str, value: int) -> bytes:
    """A good file in which one field of the last header of a kind is overwritten."""
    data = bytearray(with_member("x/data", b"data"))
    struct.pack_into(layout, data, data.rindex(magic) + offset, value)
    return bytes(data)


def two_with_one_name() -> bytes:
    first, second = "x/aaaa", "x/bbbb"
    return zipped(good_members() | {first: b"1", second: b"2"}).replace(second.encode(), first.encode())


def one_inside_another() -> bytes:
    """A member that lies within the data of another, as in the bombs that unpack quadratically."""
    inner = zipped({"x/inner": b"0" * 50})
    data = bytearray(with_member("x/outer", inner[: inner.index(b"PK\x01\x02")]))
    entry = bytearray(inner[inner.index(b"PK\x01\x02") : inner.index(b"PK\x05\x06")])
    struct.pack_into("<I", entry, 42, data.index(b"PK\x03\x04", data.index(b"x/outer")))
    end = data.rindex(b"PK\x05\x06")
    count, length = struct.unpack_from("<HI", data, end + 10)
    struct.pack_into("<HHI", data, end + 8, count + 1, count + 1, length + len(entry))
    data[end:end] = entry
    return bytes(data)


def shuffled() -> bytes:
    members = good_members()
    return zipped({"project.json": members.pop("project.json")} | members)


def deflated_type() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in good_members().items():
            archive.writestr(name, data)
    return buffer.getvalue()


def with_zip64_end() -> bytes:
    data = zipped(good_members())
    end = data.rindex(b"PK\x05\x06")
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    whole = bytearray(data[:end] + locator + data[end:])
    (length,) = struct.unpack_from("<I", whole, end + 20 + 12)
    struct.pack_into("<I", whole, end + 20 + 12, length + 20)
    return bytes(whole)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "an empty file": lambda: b"",
    "a picture": lambda: b"\xff\xd8\xff\xe0" + bytes(5000),
    "an empty zip": lambda: zipped({}),
    "a zip of something else": lambda: zipped({"word/document.xml": b"<xml/>"}),
    "a pickle": lambda: pickle.dumps({"a": 1}),
    "the type in second place": shuffled,
    "a compressed type": deflated_type,
    "another type": lambda: zipped(good_members() | {"mimetype": b"application/x-other-thing"}),
    "no project": lambda: zipped({"mimetype": MIMETYPE}),
    "a broken project": lambda: with_member("project.json", b"{"),
    "a project of nothing": lambda: with_member("project.json", b"null"),
    "an endless project": lambda: with_member("project.json", b" " * (MAX_BYTES + 1)),
    "missing arrays": lambda: zipped({k: v for k, v in good_members().items() if "two" not in k}),
    "something before the zip": lambda: b"GIF89a" + zipped(good_members()),
    "something after the zip": lambda: zipped(good_members()) + b"more",
    "two zips": lambda: zipped(good_members()) + zipped(good_members()),
    "a comment": lambda: zipped(good_members())[:-2] + b"\x04\x00note",
    "zip64": with_zip64_end,
    "two members of one name": two_with_one_name,
    "a member inside another": one_inside_another,
    "a path upwards": lambda: renamed("x/a/bb", "../bbb"),
    "a path upwards within": lambda: renamed("x/a/bb", "x/../b"),
    "an absolute path": lambda: renamed("x/a/bb", "/x/abb"),
    "a path of Windows": lambda: renamed("x/a/bb", "x\\a\\bb"),
    "a drive": lambda: renamed("x/a/bb", "C:/abb"),
    "a hidden file": lambda: renamed("x/a/bb", "x/.abb"),
    "a name with a NUL": lambda: renamed("x/a/bb", "x/a\0bb"),
    "a name in another script": lambda: renamed("x/a/bb", "x/a\xe9bb"),
    "a folder": lambda: with_member("x/folder/", b""),
    "an endless name": lambda: with_member("x/" + "n" * 500, b""),
    "a name that differs locally": lambda: renamed("x/a/bb", "x/a/cc", slice(0, 1)),
    "a name that differs in the contents": lambda: renamed("x/a/bb", "x/a/cc", slice(1, 2)),
    "an encrypted member": lambda: with_flag(0x1),
    "a strongly encrypted member": lambda: with_flag(0x41),
    "a patch": lambda: with_flag(0x20),
    "a streamed member": lambda: with_flag(0x8),
    "an unknown compression": lambda: with_member("x/data", b"data" * 99, zipfile.ZIP_LZMA),
    "a bomb": lambda: with_member("x/bomb", bytes(2**26), zipfile.ZIP_DEFLATED),
    "a huge member in the contents": lambda: patched(b"PK\x01\x02", 24, "<I", 2**31),
    "a huge member locally": lambda: patched(b"PK\x03\x04", 22, "<I", 2**31),
    "another checksum locally": lambda: patched(b"PK\x03\x04", 14, "<I", 1),
    "another compression locally": lambda: patched(b"PK\x03\x04", 8, "<H", 8),
    "a longer name locally": lambda: patched(b"PK\x03\x04", 26, "<H", 60_000),
    "a local extra field that reaches far": lambda: patched(b"PK\x03\x04", 28, "<H", 60_000),
    "a member that begins elsewhere": lambda: patched(b"PK\x01\x02", 42, "<I", 2**31),
    "an absurd count": lambda: patched(b"PK\x05\x06", 8, "<I", 0xFFFEFFFE),
    "a count that is not true": lambda: patched(b"PK\x05\x06", 8, "<I", 0x00010001),
    "contents that begin elsewhere": lambda: patched(b"PK\x05\x06", 16, "<I", 10),
    "very many members": lambda: zipped(good_members() | {f"x/{i}": b"" for i in range(5000)}),
}


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in HOSTILE.items()])
def test_a_hostile_file_is_refused_in_one_sentence(path: Path, make: Callable[[], bytes]) -> None:
    data = make()
    path.write_bytes(data)
    with pytest.raises(SidecarDamaged) as caught:
        read_sidecar(path)
    sentence = str(caught.value)
    assert sentence.startswith("“IMG 0042.JPG.nti” cannot be opened because ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_refusal_that_quotes_the_file_stays_one_line(path: Path) -> None:
    tree = bombs.good_tree()
    tree["versions"][0]["recipe"]["prompt"] = "a\nb"
    bombs.write_sidecar_of(path, bombs.good_members(tree))
    with pytest.raises(SidecarDamaged) as refused:
        read_sidecar(path)
    assert "\n" not in str(refused.value)
    assert r"a\nb" in str(refused.value)


def test_the_base_of_the_hostile_files_is_good(path: Path) -> None:
    path.write_bytes(zipped(good_members()))
    assert read_sidecar(path).project == make_project()


def test_a_file_that_another_tool_has_compressed_is_read(path: Path) -> None:
    path.write_bytes(zipped(good_members(), zipfile.ZIP_DEFLATED))
    assert read_whole(path)[0] == make_project().model_dump_json()
    assert np.array_equal(read_sidecar(path).arrays("two")["pivot"], make_arrays(1, False)["pivot"])


@pytest.mark.parametrize("name", ["a bomb", "a huge member in the contents", "very many members", "an absurd count"])
def test_refusing_takes_little_memory(path: Path, name: str) -> None:
    path.write_bytes(HOSTILE[name]())
    tracemalloc.start()
    try:
        with pytest.raises(SidecarDamaged):
            read_sidecar(path)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


class Trap:
    """Unpickling this leaves a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_nothing_is_ever_unpickled(path: Path, tmp_path: Path) -> None:
    mark = tmp_path / "was unpickled"
    trap = pickle.dumps(Trap(mark))
    buffer = io.BytesIO()
    np.save(buffer, np.array([Trap(mark)], object), allow_pickle=True)
    for data in (trap, buffer.getvalue()):
        path.write_bytes(with_member("inversions/two.safetensors", data))
        with pytest.raises(SidecarDamaged):
            read_sidecar(path)
    path.write_bytes(with_member("inversions/pickled.pkl", trap))
    read_whole(path)
    assert not mark.exists()
    pickle.loads(trap)
    assert mark.exists()


def tensors(header: object, size: int = FLOATS, length: int | None = None) -> bytes:
    """A safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(size)


def described(dtype: str = "F32", shape: object = SHAPE, offsets: object = (0, FLOATS)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\1\2\3", id="three bytes"),
        pytest.param(tensors({"pivot": described()}, length=2**63), id="an endless header"),
        pytest.param(tensors({"pivot": described()} | {"__metadata__": {"a": "b" * MAX_HEADER}}), id="a long header"),
        pytest.param(tensors(b"[" * 10_000), id="a header of nothing but depth"),
        pytest.param(tensors(b"\xff\xff"), id="a header that is no text"),
        pytest.param(tensors([]), id="a list for a header"),
        pytest.param(tensors({}), id="no arrays"),
        pytest.param(tensors({"pivot": None}), id="no description"),
        pytest.param(tensors({"pivot": described(), "more": described()}), id="one array too many"),
        pytest.param(tensors({"weights": described()}), id="another name"),
        pytest.param(tensors({"pivot": described("F64")}), id="another kind of number"),
        pytest.param(tensors({"pivot": described("I32")}), id="whole numbers"),
        pytest.param(tensors({"pivot": described(shape=(2**20, 2**20, 2**20, 2**20))}), id="an absurd shape"),
        pytest.param(tensors({"pivot": described(shape=(STEPS, 4, 8, 12))}), id="too few levels"),
        pytest.param(tensors({"pivot": described(shape=(STEPS + 1, 4, 12, 8))}), id="another aspect"),
        pytest.param(tensors({"pivot": described(shape=(6, 384))}), id="two dimensions"),
        pytest.param(tensors({"pivot": described(shape=(-6, -4, 8, 12))}), id="negative sides"),
        pytest.param(tensors({"pivot": described(shape=(6, 4, 8.0, 12))}), id="a fraction for a side"),
        pytest.param(tensors({"pivot": described(shape=(6, 4, True, 96))}), id="a truth for a side"),
        pytest.param(tensors({"pivot": described(shape="6 4 8 12")}), id="text for a shape"),
        pytest.param(tensors({"pivot": described(offsets=(4, FLOATS + 4))}, FLOATS + 4), id="a gap"),
        pytest.param(tensors({"pivot": described(offsets=(-4, FLOATS - 4))}), id="an offset before the data"),
        pytest.param(tensors({"pivot": described(offsets=(0, 2**62))}), id="an offset far behind the data"),
        pytest.param(tensors({"pivot": described()}, FLOATS - 1), id="too little data"),
        pytest.param(tensors({"pivot": described()}, FLOATS + 1), id="too much data"),
        pytest.param(pack(make_arrays(1, True)), id="null embeddings that do not belong there"),
        pytest.param(pack_any({"pivot": np.zeros((6, 4, 80, 120), np.float32)})[:5000], id="cut short"),
    ],
)
def test_hostile_arrays_are_refused_when_the_file_is_opened(path: Path, data: bytes) -> None:
    path.write_bytes(with_member("inversions/two.safetensors", data))
    with pytest.raises(SidecarDamaged):
        read_sidecar(path)


def test_arrays_that_claim_twice_the_same_bytes_are_refused(path: Path) -> None:
    null = {"dtype": "F32", "shape": (STEPS, 2, 2), "data_offsets": (0, 4 * STEPS * 4)}
    path.write_bytes(
        with_member("inversions/one.safetensors", tensors({"pivot": described(), "null_embeddings": null}))
    )
    with pytest.raises(SidecarDamaged, match="overlap"):
        read_sidecar(path)


def test_null_embeddings_of_a_wrong_shape_are_refused(path: Path) -> None:
    arrays = {"pivot": make_arrays(1, False)["pivot"], "null_embeddings": np.zeros((STEPS + 1, 7, 16), np.float32)}
    path.write_bytes(with_member("inversions/one.safetensors", pack_any(arrays)))
    with pytest.raises(SidecarDamaged, match="null embeddings"):
        read_sidecar(path)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("saved") / "A.nti"
    write_sidecar(path, make_project(), make_all_arrays(side=32), {"v0": b"RIFF" + bytes(500)}, None)
    return path.read_bytes()


def test_a_file_cut_at_any_kilobyte_is_refused(path: Path, saved: bytes) -> None:
    assert len(saved) > 200_000
    for length in [*range(0, len(saved), 1000), len(saved) - 1]:
        path.write_bytes(saved[:length])
        with pytest.raises(SidecarDamaged):
            read_sidecar(path)


@pytest.mark.slow
def test_a_flipped_bit_is_harmless_or_refused(path: Path, saved: bytes) -> None:
    path.write_bytes(saved)
    whole = read_whole(path)
    unseen = (*whole[:2], (("v0", None), ("v1", None)))  # a preview can be rendered again
    chance = random.Random(0)
    headers = [i for i in range(len(saved)) if b"PK" in saved[max(0, i - 60) : i + 2]]
    refusals = 0
    for place in [*headers, *(chance.randrange(len(saved)) for _ in range(200))]:
        data = bytearray(saved)
        data[place] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        try:
            assert read_whole(path) in (whole, unseen), f"byte {place} changed what is read"
        except SidecarError:
            refusals += 1
    assert refusals > 200


def test_saving_over_a_file_with_flipped_bits_saves_or_says_so(path: Path, saved: bytes) -> None:
    chance = random.Random(1)
    for _ in range(30):
        data = bytearray(saved)
        for _ in range(5):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        try:
            write_sidecar(path, make_project(3), {}, {}, signature_of(path))
        except SidecarError:
            assert path.read_bytes() == data
        else:
            read_sidecar(path)


@given(st.binary(max_size=400))
def test_bytes_of_any_kind_are_no_archive(data: bytes) -> None:
    with pytest.raises(Unsound):
        Archive(io.BytesIO(data))
