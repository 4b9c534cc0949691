"""Whatever is in a file, opening it costs little or is refused, and what opens can be saved."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nti_desktop.editing.working_copy import WorkingCopy
from nti_desktop.project import archive, reading
from nti_desktop.project.archive import Unsound
from nti_desktop.project.extent import MAX_BYTES, MAX_DEPTH, MAX_LETTERS, MAX_VALUES, TooMuch, check_extent
from nti_desktop.project.reading import from_json
from nti_desktop.project.recovery import recover_sidecar
from nti_desktop.project.schema import to_json
from nti_desktop.project.sidecar import (
    SidecarDamaged,
    backup_path,
    read_sidecar,
    signature_of,
    write_sidecar,
)
from nti_desktop.project.tensors import layout, pack, unpack
from nti_desktop.recipe.jobs import Arrays
from tests.project.bombs import BOMBS, good_members, good_tree, with_versions, write_sidecar_of
from tests.sidecars import make_all_arrays, make_arrays, make_project

MEGABYTES = 300  # that opening may take

_OPEN_AND_SAVE = """
import json, sys
from pathlib import Path
from nti_desktop.core.errors import SidecarError
from nti_desktop.project.sidecar import read_sidecar, write_sidecar

def megabytes():
    said = Path("/proc/self/status").read_text()
    return int(said.split("VmHWM:")[1].split()[0]) / 1024  # the most of this process; getrusage counts its parent's too

path, before, said = Path(sys.argv[1]), megabytes(), ""
try:
    stored = read_sidecar(path)
except SidecarError as error:
    opened, said = False, str(error)
else:
    opened = True
    first, *others = stored.project.versions
    renamed = first.model_copy(update={"name": "Renamed"})
    changed = stored.project.model_copy(update={"versions": (renamed, *others)})
    write_sidecar(path, changed, {}, {}, stored.signature)
    stored = read_sidecar(path)
    assert stored.project == changed
    for version in stored.project.versions[:3]:
        stored.preview(version.id)
    for inversion in stored.project.inversions:
        stored.arrays(inversion.id)
print(json.dumps({"opened": opened, "said": said, "megabytes": megabytes() - before}))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "IMG 0042.JPG.nti"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux does")
@pytest.mark.parametrize("write", [pytest.param(write, id=name) for name, write in BOMBS.items()])
def test_a_bomb_is_opened_and_saved_in_little_memory_or_refused(path: Path, write: Callable[[Path], None]) -> None:
    write(path)
    ran = subprocess.run([sys.executable, "-c", _OPEN_AND_SAVE, path], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["megabytes"] < MEGABYTES
    assert found["opened"] or ("cannot be opened because" in found["said"] and len(found["said"]) < 500)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"[" + b"[]," * MAX_VALUES + b"[]]", id="lists"),
        pytest.param(b"[" + b'"\\"[\\\\",' * (MAX_VALUES + 1) + b"1]", id="texts"),
        pytest.param(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), id="depth"),
        pytest.param(b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), id="depth of objects"),
        pytest.param(b'"' + b"a" * MAX_BYTES + b'"', id="letters"),
    ],
)
def test_too_much_json_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(reading, "parse_json", lambda *_, **__: pytest.fail("it was parsed"))
    with pytest.raises(TooMuch):
        from_json(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'"' + b"[{," * MAX_VALUES + b'"', id="brackets and commas in a text"),
        pytest.param(b'"' + b'\\"[\\\\' * MAX_VALUES + b'"', id="brackets behind escapes"),
        pytest.param(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, id="depth"),
        pytest.param(b'"' + b'\\"' * (MAX_BYTES // 2 - 1), id="a text that does not end"),
        pytest.param(b'"\\', id="an escape of nothing"),
    ],
)
def test_what_is_not_too_much_is_counted_right(text: bytes) -> None:
    check_extent(text)


def test_what_grows_beyond_the_limit_when_it_is_saved_is_not_opened() -> None:
    """Usual values are left out here, and written by the program."""
    tree = with_versions(1000)
    tree["versions"] = [{k: v for k, v in version.items() if k != "others"} for version in tree["versions"]]
    tree["of a later program"] = [0] * (MAX_VALUES - _values(tree))
    check_extent(json.dumps(tree).encode())
    with pytest.raises(ValueError, match="far more than a project can"):
        from_json(json.dumps(tree).encode())


def _values(tree: object) -> int:
    text = json.dumps(tree)
    return sum(map(text.count, ",[{")) + 2


def test_a_project_that_is_full_says_so_when_it_is_changed(path: Path) -> None:
    tree = with_versions(2)
    tree["of a later program"] = "a" * (MAX_BYTES - len(to_json(from_json(json.dumps(tree).encode()))) - 100)
    copy = WorkingCopy(from_json(json.dumps(tree).encode()), path, None)
    version = copy.project.versions[0]
    with pytest.raises(Exception, match="project is full; delete versions"):
        copy.change(versions=(version.model_copy(update={"name": "n" * 200}), copy.project.versions[1]))
    copy.change(versions=(version,), current=version.id)


def test_a_file_that_other_tools_have_packed_can_be_saved(path: Path) -> None:
    write_sidecar_of(path, good_members(), [name for name in good_members() if name != "mimetype"])
    before = read_sidecar(path).arrays("two")["pivot"]
    rename(path)
    assert np.array_equal(read_sidecar(path).arrays("two")["pivot"], before)


def test_the_sentences_of_all_edits_are_limited_together() -> None:
    count = MAX_LETTERS // 1000 + 1
    for kept, fits in ((count, False), (count - 2, True)):
        tree = with_versions(kept, prompt="a blue ball on a table".ljust(1000, "."))
        if fits:
            from_json(json.dumps(tree).encode())
        else:
            with pytest.raises(TooMuch):
                from_json(json.dumps(tree).encode())


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"NaN", b"Infinity"])
def test_a_number_that_no_json_holds_is_refused_in_unknown_fields_too(number: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_json(json.dumps(good_tree() | {"later": "here"}).encode().replace(b'"here"', number))


# Parts that are damaged


def with_a_flipped_bit(path: Path, data: bytes) -> None:
    """Flip a bit within these bytes, which the file has once."""
    whole = bytearray(path.read_bytes())
    whole[whole.index(data) + len(data) // 2] ^= 1
    path.write_bytes(whole)


def rename(path: Path) -> None:
    """Save a change."""
    stored = read_sidecar(path)
    renamed = stored.project.versions[0].model_copy(update={"name": "Renamed"})
    versions = (renamed, *stored.project.versions[1:])
    write_sidecar(path, stored.project.model_copy(update={"versions": versions}), {}, {}, stored.signature)
    assert read_sidecar(path).project.versions[0].name == "Renamed"


@pytest.mark.parametrize("part", ["previews/v0.webp", "x/notes"])
def test_a_damaged_preview_or_part_of_another_program_blocks_nothing(path: Path, part: str) -> None:
    precious = b"RIFF, or something of a later program"
    write_sidecar_of(path, good_members() | {"previews/v1.webp": b"whole"} | {part: precious})
    with_a_flipped_bit(path, precious)
    damaged = path.read_bytes()
    assert read_sidecar(path).preview("v0") is None
    rename(path)
    assert read_sidecar(path).preview("v1") == b"whole"
    assert backup_path(path).read_bytes() == damaged
    path.write_bytes(b"broken")
    recover_sidecar(path)
    assert read_sidecar(path).project == make_project()


def test_a_preview_that_is_far_too_large_is_none(path: Path) -> None:
    write_sidecar_of(path, good_members() | {"previews/v0.webp": bytes(reading.MAX_PREVIEW + 1)})
    assert read_sidecar(path).preview("v0") is None
    rename(path)
    assert path.stat().st_size < 2**20


def test_a_part_of_another_program_is_taken_over_as_it_is_packed(path: Path) -> None:
    write_sidecar_of(path, good_members() | {"x/notes": b"note " * 100_000}, ["x/notes"])
    rename(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("x/notes") == b"note " * 100_000
        assert archive.getinfo("x/notes").compress_type == zipfile.ZIP_DEFLATED


def test_a_damaged_part_of_another_program_is_not_lost(path: Path) -> None:
    write_sidecar_of(path, good_members() | {"x/notes": b"precious notes, and more"})
    with_a_flipped_bit(path, b"notes, and more")
    rename(path)
    assert b"precious" in path.read_bytes()
    with zipfile.ZipFile(path) as archive, pytest.raises(zipfile.BadZipFile):
        archive.read("x/notes")


@pytest.mark.parametrize("side", [8, 64])
def test_damaged_arrays_do_not_keep_other_edits_from_being_saved_nor_replace_good_ones(path: Path, side: int) -> None:
    write_sidecar(path, make_project(), make_all_arrays(side=side), {}, None)
    rename(path)
    good = backup_path(path).read_bytes()
    with_a_flipped_bit(path, pack(make_all_arrays(side=side)["two"])[200:])
    stored = read_sidecar(path)
    write_sidecar(path, stored.project.model_copy(update={"current": "v1"}), {}, {}, stored.signature)
    stored = read_sidecar(path)
    assert stored.project.current == "v1"
    stored.arrays("one")
    with pytest.raises(SidecarDamaged, match=r"prepare the photo again, or bring back"):
        stored.arrays("two")
    assert backup_path(path).read_bytes() == good


# Arrays


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1e38, -65_505.0])
def test_arrays_of_impossible_numbers_are_the_fault_of_the_project(path: Path, number: float) -> None:
    arrays = make_arrays(1, False)
    arrays["pivot"][1, 2, 3, 4] = number
    write_sidecar_of(path, good_members() | {"inversions/two.safetensors": pack(arrays)})
    with pytest.raises(SidecarDamaged, match=r"IMG 0042.* hold numbers .*prepare the photo again"):
        read_sidecar(path).arrays("two")
    rename(path)


@pytest.mark.parametrize("name", ["one", "two"])
def test_arrays_come_back_bit_for_bit_and_can_be_written_to(name: str) -> None:
    project, arrays = make_project(), make_all_arrays()[name]
    inversion = project.inversion(name)
    again: Arrays = unpack(pack(arrays), layout(inversion, project.frame(inversion.frame)))
    for one, array in arrays.items():
        assert again[one].tobytes() == array.tobytes()
        assert again[one].flags.writeable


def test_latents_of_more_numbers_than_the_picture_has_pixels_are_refused() -> None:
    project = make_project()
    expected = layout(project.inversions[1], project.frames[0])
    large = {"pivot": np.zeros((6, 4, 64, 96), np.float32)}
    unpack(pack(large), expected)
    with pytest.raises(Unsound, match="pivot"):
        unpack(pack({"pivot": np.zeros((6, 5, 64, 96), np.float32)}), expected)


def test_a_frame_that_no_model_can_see_is_refused() -> None:
    tree = good_tree()
    tree["frames"][0] |= {"model_width": 1920 * 2, "model_height": 1280 * 2}
    with pytest.raises(ValueError, match="no model sees so many pixels"):
        from_json(json.dumps(tree).encode())


def test_the_first_save_needs_no_file_before_it(path: Path) -> None:
    assert signature_of(path) is None
    write_sidecar(path, make_project(), make_all_arrays(), {}, None)
    rename(path)


def test_arrays_that_are_packed_too_well_and_a_table_of_contents_that_is_too_long_are_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sidecar(path, make_project(), make_all_arrays(), {}, None)
    with zipfile.ZipFile(path) as file:
        arrays = sum(info.file_size for info in file.infolist() if info.filename.startswith("inversions/"))
    monkeypatch.setattr(reading, "MAX_RATIO", 0)
    monkeypatch.setattr(reading, "MAX_UNPACKED", arrays)
    read_sidecar(path)
    monkeypatch.setattr(reading, "MAX_UNPACKED", arrays - 1)
    with pytest.raises(SidecarDamaged, match="arrays of its inversions are far too large"):
        read_sidecar(path)
    monkeypatch.setattr(archive, "MAX_DIRECTORY", 10)
    with pytest.raises(SidecarDamaged, match="far too many parts"):
        read_sidecar(path)
