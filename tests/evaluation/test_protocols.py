"""The published folders: what is read of them, and what is refused."""

import json
from pathlib import Path

import pytest

from nti_desktop.core.errors import PhotoError
from nti_desktop.evaluation.protocols import SIDE, pie_bench, tedbench
from tests.evaluation.benchmarks import write_pie_bench, write_tedbench


def test_pie_bench_is_read_as_it_is_published(tmp_path: Path) -> None:
    first, second = pie_bench(write_pie_bench(tmp_path))
    assert first.name == "000000000000"
    assert first.photo.is_file()
    assert first.kind == "6"
    assert "[" not in first.source + first.edit
    assert first.source != first.edit
    assert first.order.startswith("make ")
    assert first.blend is not None
    marked = first.marked
    assert marked is not None
    assert marked[256, 256]
    assert not marked[64, 64]
    assert marked[0].all()  # against what is annotated wrongly at the border
    assert marked[:, -1].all()
    assert marked.sum() == 256 * 256 + 4 * (SIDE - 1)
    assert second.photo != first.photo


def test_a_run_that_goes_beyond_the_picture_ends_with_it(tmp_path: Path) -> None:
    change(write_pie_bench(tmp_path), mask=[SIDE * SIDE - 10, 1000])
    marked = pie_bench(tmp_path)[0].marked
    assert marked is not None
    assert marked.sum() == 4 * (SIDE - 1)


def test_tedbench_says_what_a_photo_shows_only_where_somebody_added_it(tmp_path: Path) -> None:
    first, second = tedbench(write_tedbench(tmp_path))
    assert (first.source, second.source) == ("a photo", "A red cube.")
    assert first.edit == "A photo of a blue cube."
    assert first.photo == second.photo
    assert first.name != second.name
    assert first.marked is None


def change(folder: Path, **fields: object) -> None:
    file = folder / "mapping_file.json"
    mapping = json.loads(file.read_text())
    mapping["000000000000"] |= fields
    file.write_text(json.dumps(mapping))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"image_path": "../secret.png"}, "outside the benchmark's folder"),
        ({"image_path": "/etc/passwd"}, "outside the benchmark's folder"),
        ({"image_path": "a\0b.png"}, "outside the benchmark's folder"),
        ({"mask": [1, 2, 3]}, "not of pairs"),
        ({"mask": [-1, 2]}, "000000000000, mask, 0"),
        ({"mask": [0, 2**40]}, "000000000000, mask, 1"),
        ({"original_prompt": 5}, "000000000000, original_prompt"),
    ],
)
def test_what_is_wrong_with_a_list_is_one_sentence(tmp_path: Path, fields: dict[str, object], said: str) -> None:
    change(write_pie_bench(tmp_path), **fields)
    with pytest.raises(PhotoError, match=said):
        pie_bench(tmp_path)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b'{"a": {}}'])
def test_another_file_is_no_list(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "mapping_file.json").write_bytes(text)
    with pytest.raises(PhotoError, match="not a benchmark's list"):
        pie_bench(tmp_path)


def test_a_folder_without_a_list_is_said(tmp_path: Path) -> None:
    for reader in (pie_bench, tedbench):
        with pytest.raises(PhotoError, match="name the folder that the benchmark was unpacked to"):
            reader(tmp_path)


def test_a_list_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "mapping_file.json").open("wb") as stream:
        stream.truncate(2**27)
    with pytest.raises(PhotoError, match="too large"):
        pie_bench(tmp_path)
