"""What cannot be opened is refused in one sentence, nothing is lost, and the next job works."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Tone, Topic
from nti_desktop.models.library.samples import Sample
from tests.gui.conftest import OpenWindow, export_to
from tests.gui.test_story import errors, retype

Until = Callable[[Callable[[], bool]], None]


def _text(path: Path) -> None:
    path.write_text("no picture at all")


def _empty(path: Path) -> None:
    path.touch()


def _truncated(path: Path) -> None:
    Image.effect_noise((64, 64), 50).convert("RGB").save(path, "JPEG")
    path.write_bytes(path.read_bytes()[:700])


def _animated(path: Path) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    frames[0].save(path, "WEBP", save_all=True, append_images=frames[1:])


def _missing(path: Path) -> None:
    """Nothing there."""


@pytest.mark.parametrize("spoil", [_text, _empty, _truncated, _animated, _missing])
def test_a_bad_file_is_one_sentence_and_the_next_photo_opens(
    spoil: Callable[[Path], None], open_window: OpenWindow, until: Until, tmp_path: Path, photo: Path
) -> None:
    window = open_window()
    bad = tmp_path / "bad.jpg"
    spoil(bad)
    window.opening.open_path(bad)
    until(lambda: bool(errors(window)))
    assert len(errors(window)) == 1
    assert re.fullmatch(r"[^\n]+\.", errors(window)[0])
    assert window.editor.document is None

    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    assert not errors(window)


def test_a_photo_one_pixel_wide_is_opened(open_window: OpenWindow, until: Until, tmp_path: Path) -> None:
    line = tmp_path / "line.png"
    Image.new("RGB", (1, 20_000)).save(line)
    window = open_window()
    window.opening.open_path(line)
    until(lambda: window.editor.document is not None)
    assert not errors(window)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a project", b"\x00" * 4000])
def test_a_damaged_project_is_refused_and_left_alone(
    damage: bytes, open_window: OpenWindow, until: Until, photo: Path, tmp_path: Path
) -> None:
    sidecar = photo.with_name(photo.name + ".nti")
    sidecar.write_bytes(damage)
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: bool(errors(window)))
    assert len(errors(window)) == 1
    assert sidecar.read_bytes() == damage

    other = tmp_path / "other.png"
    other.write_bytes(photo.read_bytes())
    window.opening.open_path(other)
    until(lambda: window.editor.document is not None)


@pytest.mark.slow
def test_a_failed_open_keeps_the_photo_that_is_open(
    prepared: MainWindow, until: Until, qtbot: QtBot, tmp_path: Path, sample: Sample
) -> None:
    before = prepared.editor.document
    bad = tmp_path / "bad.png"
    _text(bad)
    prepared.opening.open_path(bad)
    until(lambda: bool(errors(prepared)))
    assert prepared.editor.document is before

    retype(qtbot, prepared, sample.edits[0])
    until(lambda: prepared.editor.pictures.after is not None and prepared.editor.pictures.final)


@pytest.mark.slow
def test_an_empty_edit_and_a_too_long_one_are_said_and_the_next_edit_renders(
    prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample
) -> None:
    prompts = prepared.editor_view.prompts
    prompts.edit.selectAll()
    prompts.edit.del_()
    prompts.edit.textEdited.emit("")
    until(lambda: any("empty" in text for text in errors(prepared)))

    long = f"{sample.caption} " + "and a red ball " * 40 + "unheard"
    retype(qtbot, prepared, long)
    until(lambda: any("unheard" in text for text in errors(prepared)))
    assert len(errors(prepared)) == 1

    retype(qtbot, prepared, sample.edits[0])
    until(lambda: prepared.editor.pictures.after is not None and prepared.editor.pictures.final)
    assert not errors(prepared)


def test_an_export_onto_the_photo_itself_is_refused(
    prepared: MainWindow, until: Until, photo: Path, tmp_path: Path
) -> None:
    before = photo.read_bytes()
    export_to(prepared, photo)
    until(lambda: bool(errors(prepared)))
    assert photo.read_bytes() == before

    export_to(prepared, tmp_path / "fine.png")
    until(lambda: (tmp_path / "fine.png").exists())


@pytest.mark.slow
def test_a_broken_model_folder_is_refused_in_one_sentence(
    prepared: MainWindow, until: Until, tmp_path: Path, qtbot: QtBot, sample: Sample
) -> None:
    (tmp_path / "model").mkdir()
    prepared.models.page.list.add_asked.emit(tmp_path / "model")
    until(lambda: len(prepared.models.page.messages.messages) == 1)
    assert prepared.models.page.messages.messages[0].tone is Tone.ERROR
    assert prepared.editor.model.entry.built_in

    retype(qtbot, prepared, sample.edits[0])
    until(lambda: prepared.editor.pictures.after is not None and prepared.editor.pictures.final)


def test_a_sample_never_meets_the_sentence_about_the_built_in_model(
    open_window: OpenWindow, until: Until, photo: Path
) -> None:
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.preparing.plan.estimates.measured is not None)
    assert not [m for m in window.editor_view.messages.messages if m.topic is Topic.MODEL]


@pytest.mark.slow
def test_a_real_photo_is_told_that_the_model_only_knows_the_samples(
    open_window: OpenWindow, until: Until, tmp_path: Path
) -> None:
    picture = tmp_path / "coffee.jpg"
    picture.write_bytes((Path(__file__).parents[1] / "data" / "photos" / "coffee.jpg").read_bytes())
    window = open_window()
    window.opening.open_path(picture)
    until(lambda: window.editor.preparing.plan.estimates.measured is not None)
    message = next(m for m in window.editor_view.messages.messages if m.topic is Topic.MODEL)
    assert message.tone is Tone.ADVICE
    assert "only knows the samples" in message.text
    message.actions[0].do()
    page = window.models.page
    assert page.isVisible()
    page.close()


def test_a_picture_in_print_colours_is_opened_with_a_note(
    open_window: OpenWindow, until: Until, tmp_path: Path
) -> None:
    picture = tmp_path / "print.tif"
    Image.new("CMYK", (60, 40), (0, 100, 100, 0)).save(picture)
    window = open_window()
    window.opening.open_path(picture)
    until(lambda: window.editor.document is not None)
    assert any("CMYK" in m.text for m in window.editor_view.messages.messages)


def test_a_project_of_a_newer_program_is_shown_and_says_that_it_cannot_be_changed(
    prepared: MainWindow,
    close: Callable[[MainWindow], None],
    open_window: OpenWindow,
    until: Until,
    photo: Path,
    qtbot: QtBot,
) -> None:
    session = prepared.editor.session
    assert session is not None
    until(lambda: not session.working_copy.dirty)
    close(prepared)
    newer = session.project.model_copy(update={"schema_version": 99})
    members = {}
    with zipfile.ZipFile(session.sidecar) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["project.json"] = newer.model_dump_json().encode()
    with zipfile.ZipFile(session.sidecar, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    before = session.sidecar.read_bytes()

    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    assert window.editor.session is not None
    reason = window.editor.session.read_only
    assert reason in [m.text for m in window.editor_view.messages.messages]
    window.editor_view.words_panel.sliders[0].slide_to(2.0)
    assert reason in errors(window)
    assert window.editor_view.words_panel.sliders[0].value == 1.0
    window.editor_view.prompts.description.setFocus()
    qtbot.keyClicks(window.editor_view.prompts.description, " again")  # nobody should wait for what cannot be kept
    assert not window.editor_view.prompts.prepare_button.isEnabled()
    assert not window.actions_by_name["prepare"].isEnabled()
    assert window.editor_view.prompts.estimate.text() == reason
    close(window)
    assert session.sidecar.read_bytes() == before
