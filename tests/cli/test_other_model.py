"""The command line on a photo whose model is missing, has changed, or lies elsewhere by now."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from nti_desktop.cli import main
from nti_desktop.cli.making import model_of
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.engine_jobs import render_job
from nti_desktop.editing.session import Session
from nti_desktop.models.library import lookup
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.places import read_places, write_places
from nti_desktop.project.sidecar import read_sidecar
from tests.other_models import change_model, prepare, write_model
from tests.sessions import scene


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "scene.png"
    Image.fromarray(scene()).save(path)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "models" / "my model")


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(argument) for argument in arguments]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


@pytest.mark.parametrize("gone", ["missing", "changed", "damaged"])
def test_a_model_that_is_gone_is_said_with_the_command_that_helps(
    gone: str, photo: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(photo, model)
    if gone == "missing":
        shutil.rmtree(model)
    elif gone == "changed":
        change_model(model, 0.0125)
    else:
        (model / "model_index.json").unlink()
    before = read_sidecar(photo.with_name("scene.png.nti")).project
    words = {"missing": "is not on this computer", "changed": "has changed", "damaged": "can no longer be used"}[gone]
    for asked in (
        ("edit", photo, "--to", "a green ball on a table"),
        ("export", photo, "--name", "Blue", "--out", tmp_path / "x.png"),
    ):
        said = refusal(capsys, *asked)
        assert "“my model”" in said
        assert words in said
        assert f"nti-desktop invert {photo} --prompt TEXT --model MODEL" in said
    assert not (tmp_path / "x.png").exists()
    assert read_sidecar(photo.with_name("scene.png.nti")).project == before
    assert main(["info", str(photo)]) == 0


def test_a_model_that_was_moved_is_found_without_a_word(photo: Path, model: Path, tmp_path: Path) -> None:
    prepare(photo, model)
    moved = tmp_path / "other drive" / "renamed"
    moved.parent.mkdir()
    model.rename(moved)
    write_places(read_places().with_added(moved))
    session = Session.open(photo)
    record = session.project.inversions[0]
    assert session.known_model(record) is None
    assert model_of(session, record, CancelToken()).id == str(moved)
    assert render_job(session, session.project.versions[0].recipe.recipe()).model.folder == moved


def test_models_that_cannot_be_it_are_not_read(
    photo: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(photo, model)
    other = write_model(tmp_path / "other", 0.5)
    (other / "tokenizer" / "more.txt").write_text("x")  # of another size
    write_places(read_places().with_added(other).with_added(model))
    read: list[str] = []
    fingerprint = lookup.fingerprint

    def noted(entry: ModelEntry, cancel: CancelToken | None = None) -> str:
        read.append(entry.id)
        return fingerprint(entry, cancel)

    monkeypatch.setattr(lookup, "fingerprint", noted)
    session = Session.open(photo)
    record = session.project.inversions[0]
    lost = record.model_copy(update={"model": str(tmp_path / "gone")})
    assert session.model_of(lost).id == str(model)
    assert read == [str(model)]


def test_the_name_of_a_lost_model_is_what_people_called_it() -> None:
    for id, name in {
        "/home/anna/models/tiny-sd": "tiny-sd",
        "/home/anna/sd/v1-5-pruned.safetensors": "v1-5-pruned",
        "C:\\Users\\Anna\\models\\v1-5-pruned.safetensors": "v1-5-pruned",
        f"/home/anna/.cache/huggingface/hub/models--segmind--tiny-sd/snapshots/{'0' * 40}": "segmind/tiny-sd",
        "/data/models/segmind--tiny-sd": "segmind/tiny-sd",
    }.items():
        assert lookup._name(id) == name
