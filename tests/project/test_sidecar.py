"""What is stored is what is read, and nothing else is touched."""

import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nti_desktop.core import disk
from nti_desktop.core.errors import SidecarError
from nti_desktop.project.sidecar import (
    backup_path,
    is_whole,
    read_sidecar,
    signature_of,
    write_sidecar,
)
from nti_desktop.recipe.jobs import Arrays
from nti_desktop.recipe.methods import Method
from tests.sidecars import (
    WEBP,
    make_all_arrays,
    make_arrays,
    make_inversion,
    make_project,
    make_version,
    read_whole,
    save,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "IMG 0042.JPG.nti"


def with_member(path: Path, name: str, data: bytes) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), data)


def names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_what_was_stored_is_what_is_read_bit_for_bit(path: Path) -> None:
    project, arrays = make_project(), make_all_arrays()
    write_sidecar(path, project, arrays, {"v1": WEBP}, None)
    stored = read_sidecar(path)
    assert stored.project == project
    assert stored.read_only is None
    for name, given in arrays.items():
        read = stored.arrays(name)
        assert read.keys() == given.keys()
        for array in given:
            assert read[array].dtype == np.float32
            assert read[array].shape == given[array].shape
            assert read[array].tobytes() == given[array].tobytes()
    assert stored.preview("v0") is None
    assert stored.preview("v1") == WEBP


def test_arrays_that_are_views_are_stored_as_they_look(path: Path) -> None:
    arrays = make_all_arrays()
    turned = arrays["two"]["pivot"].transpose(0, 1, 3, 2).copy().transpose(0, 1, 3, 2)
    assert not turned.flags.c_contiguous
    write_sidecar(path, make_project(), {**arrays, "two": {"pivot": turned}}, {}, None)
    assert np.array_equal(read_sidecar(path).arrays("two")["pivot"], turned)


def test_the_file_is_a_plain_zip_that_begins_with_its_type(path: Path) -> None:
    save(path, make_project())
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "mimetype",
            "project.json",
            "inversions/one.safetensors",
            "inversions/two.safetensors",
            "previews/v0.webp",
            "ancestry.txt",
        ]
    assert path.read_bytes()[30:63] == b"mimetypeapplication/x-nti-project"


def test_nothing_is_left_beside_the_file(path: Path) -> None:
    signature = save(path, make_project())
    save(path, make_project(3), signature)
    assert {entry.name for entry in path.parent.iterdir()} == {path.name, path.name + "~"}


def test_the_state_before_is_kept(path: Path) -> None:
    signature = save(path, make_project())
    before = read_whole(path)
    save(path, make_project(3), signature)
    assert read_whole(backup_path(path)) == before


def test_a_file_is_not_rewritten_when_nothing_changed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = save(path, make_project())

    def refuse(path: Path, mode: int) -> int:
        raise AssertionError(f"{path} was written")

    monkeypatch.setattr(disk, "create", refuse)
    assert save(path, make_project(), signature) == signature
    assert write_sidecar(path, read_sidecar(path).project, {}, {}, signature) == signature
    with pytest.raises(AssertionError, match="was written"):
        save(path, make_project(3), signature)
    with pytest.raises(AssertionError, match="was written"):
        write_sidecar(path, make_project(), {"two": make_arrays(9, False)}, {}, signature)


def test_what_is_not_handed_over_is_taken_from_the_file(path: Path) -> None:
    signature = save(path, make_project())
    before = read_whole(path)
    project = make_project()
    more = project.model_copy(
        update={
            "inversions": (*project.inversions, make_inversion("three", Method.PINNED)),
            "versions": (*project.versions, make_version("v9", "three")),
        }
    )
    write_sidecar(path, more, {"three": make_arrays(3, False)}, {"v9": WEBP * 2}, signature)
    after = read_whole(path)
    assert after[1][:2] == before[1]
    assert after[1][2][1] == make_arrays(3, False)["pivot"].tobytes()
    assert after[2] == (*before[2], ("v9", WEBP * 2))


def test_what_was_deleted_is_gone_from_the_file(path: Path) -> None:
    signature = save(path, make_project())
    project = make_project()
    fewer = project.model_copy(update={"inversions": project.inversions[1:], "versions": (), "current": None})
    write_sidecar(path, fewer, {}, {}, signature)
    assert names(path) == ["mimetype", "project.json", "inversions/two.safetensors", "ancestry.txt"]


def test_a_preview_does_not_outlive_the_look_of_its_version(path: Path) -> None:
    signature = save(path, make_project(1))
    renamed = make_project(1).versions[0].model_copy(update={"name": "Another name"})
    signature = write_sidecar(path, make_project(1).model_copy(update={"versions": (renamed,)}), {}, {}, signature)
    assert read_sidecar(path).preview("v0") == WEBP
    other = make_version("v0", "two", "a green ball on a table")
    write_sidecar(path, make_project(1).model_copy(update={"versions": (other,)}), {}, {}, signature)
    assert read_sidecar(path).preview("v0") is None


def test_unknown_members_survive_under_x_only(path: Path) -> None:
    save(path, make_project())
    with_member(path, "x/of-a-later-program/notes.bin", b"\x00\x01")
    with_member(path, "elsewhere.bin", b"\x02")
    stored = read_sidecar(path)
    write_sidecar(path, make_project(3), {}, {}, stored.signature)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("x/of-a-later-program/notes.bin") == b"\x00\x01"
    assert "elsewhere.bin" not in names(path)


def test_a_link_to_a_sidecar_stays_a_link(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "project.nti"
    real.parent.mkdir()
    signature = save(real, make_project())
    path.symlink_to(real)
    save(path, make_project(3), signature)
    assert path.is_symlink()
    assert read_sidecar(real).project == make_project(3)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"pivot": np.zeros((2, 4, 8, 12), np.float32)}, "pivot"),
        ({"pivot": np.zeros((6, 4, 8, 8), np.float32)}, "pivot"),
        ({"pivot": np.zeros((6, 4, 8, 12), np.float64)}, "wrong kind"),
        (make_arrays(0, True), "method"),
    ],
)
def test_arrays_that_could_not_be_read_again_are_not_written(path: Path, arrays: Arrays, sentence: str) -> None:
    with pytest.raises(SidecarError, match=sentence):
        write_sidecar(path, make_project(), {**make_all_arrays(), "two": arrays}, {}, None)
    assert not list(path.parent.iterdir())


def test_a_project_is_read_without_torch(path: Path) -> None:
    save(path, make_project())
    code = (
        "import sys; from pathlib import Path; from nti_desktop.project.sidecar import read_sidecar\n"
        "stored = read_sidecar(Path(sys.argv[1])); stored.arrays('one'); stored.preview('v0')\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'PySide6'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True, timeout=60)


def test_a_stored_project_can_follow_its_own_saves(path: Path) -> None:
    save(path, make_project())
    stored = read_sidecar(path)
    signature = write_sidecar(path, make_project(3), {}, {}, stored.signature)
    stored = replace(stored, project=make_project(3), signature=signature)
    assert "null_embeddings" in stored.arrays("one")
    assert signature_of(path) == stored.signature


def test_an_inversion_that_keeps_nothing_is_saved_and_read(tmp_path: Path) -> None:
    """That of an order."""
    path, ordered = tmp_path / "photo.jpg.nti", make_inversion("one", Method.INSTRUCT)
    project = make_project().model_copy(update={"inversions": (ordered, make_inversion("two", Method.RESIDUAL))})
    write_sidecar(path, project, {"one": {}, "two": make_arrays(1, null_text=False)}, {}, None)
    stored = read_sidecar(path)
    assert stored.project == project
    assert stored.arrays("one") == {}
    assert is_whole(path)
