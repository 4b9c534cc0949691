"""The export dialog: what can be chosen, what comes of it, and what is remembered."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from nti_desktop.editing.changes import Change
from nti_desktop.editing.export_request import ExportRequest, from_json, to_json
from nti_desktop.gui import preferences
from nti_desktop.gui.export.export_dialog import ExportDialog
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.export.targets import Conflict
from nti_desktop.photo.photo import open_photo
from tests.gui.conftest import OpenWindow
from tests.metadata_files import camera_jpeg
from tests.profiles import DISPLAY_P3

pytestmark = pytest.mark.usefixtures("service")  # what an edit looks like is no matter here

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def window(open_window: OpenWindow, until: Until, tmp_path: Path) -> MainWindow:
    photo = tmp_path / "IMG_7.png"
    Image.fromarray(np.full((300, 400, 3), 120, np.uint8)).save(photo, icc_profile=DISPLAY_P3)
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    return window


def said(window: MainWindow) -> str:
    return " ".join(message.text for message in window.editor_view.messages.messages)


def choose(window: MainWindow, suffix: str) -> None:
    dialog = window.exporting.dialog
    dialog.format.setCurrentIndex(dialog.format.findData(suffix))


def test_a_photo_is_exported_as_the_dialog_says_and_the_choice_is_remembered(
    window: MainWindow, until: Until, tmp_path: Path
) -> None:
    window.actions_by_name["export"].trigger()
    dialog = window.exporting.dialog
    assert dialog.isVisible()
    choose(window, ".tif")
    dialog.smaller.setChecked(True)
    dialog.longest_side.setValue(200)
    dialog.template.setText("{photo} small")
    assert str(tmp_path / "IMG_7 small.tif") in dialog.outcome.text()
    dialog.export_button.click()
    until(lambda: "Exported to" in said(window))
    written = open_photo(tmp_path / "IMG_7 small.tif")
    assert written.raster.size == (200, 150)
    assert written.profile == DISPLAY_P3

    remembered = preferences.export_request()
    assert (remembered.suffix, remembered.settings.longest_side) == (".tif", 200)
    window.actions_by_name["export_again"].trigger()  # without asking; the name is taken, so another one is found
    until(lambda: (tmp_path / "IMG_7 small (2).tif").exists())


FIELDS = (
    *("format", "quality", "full_chroma", "bits", "smaller", "longest_side", "colours", "metadata", "location"),
    *("prompt", "folder", "template", "conflict"),
)


def focus_field(window: MainWindow, qtbot: QtBot, field: str) -> QWidget:
    """A field of the open dialog, enabled whatever was chosen, with the focus."""
    window.actions_by_name["export"].trigger()
    dialog = window.exporting.dialog
    choose(window, ".tif" if field == "bits" else ".avif")
    dialog.smaller.setChecked(True)
    dialog.longest_side.setValue(64)
    dialog.activateWindow()
    widget: QWidget = getattr(dialog, field)
    widget.setFocus()
    qtbot.waitUntil(widget.hasFocus)
    return widget


@pytest.mark.slow
@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
@pytest.mark.parametrize("field", FIELDS)
def test_enter_exports_from_every_field(window: MainWindow, qtbot: QtBot, field: str, key: Qt.Key) -> None:
    widget = focus_field(window, qtbot, field)
    dialog = window.exporting.dialog
    asked: list[ExportRequest] = []
    dialog.asked.disconnect(window.exporting.write)
    dialog.asked.connect(asked.append)
    pressed: list[bool] = []
    dialog.choose_folder.clicked.disconnect()  # it would wait for a choice
    dialog.choose_folder.clicked.connect(pressed.append)
    expected = dialog.request()
    qtbot.keyClick(widget, key)
    assert (asked, pressed) == ([expected], [])
    assert not dialog.isVisible()


def test_enter_exports_with_the_number_as_it_was_typed(
    window: MainWindow, qtbot: QtBot, until: Until, tmp_path: Path
) -> None:
    field = focus_field(window, qtbot, "longest_side")
    choose(window, ".png")
    window.exporting.dialog.longest_side.selectAll()
    qtbot.keyClicks(field, "40")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    until(lambda: "Exported to" in said(window))
    (written,) = tmp_path.glob("IMG_7?*.png")
    assert open_photo(written).raster.size == (40, 30)


def test_enter_exports_nothing_under_a_name_that_cannot_be(window: MainWindow, qtbot: QtBot) -> None:
    field = focus_field(window, qtbot, "template")
    window.exporting.dialog.template.setText("{camera}")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert window.exporting.dialog.isVisible()
    assert not said(window)


@pytest.mark.slow
@pytest.mark.parametrize("field", FIELDS)
def test_escape_closes_the_dialog_and_exports_nothing(window: MainWindow, qtbot: QtBot, field: str) -> None:
    widget = focus_field(window, qtbot, field)
    qtbot.keyClick(widget, Qt.Key.Key_Escape)
    assert not window.exporting.dialog.isVisible()
    assert not said(window)


def test_only_what_a_format_knows_can_be_chosen(window: MainWindow) -> None:
    window.actions_by_name["export"].trigger()
    dialog = window.exporting.dialog
    for suffix, quality, depth in ((".jpg", True, False), (".png", False, True), (".avif", True, False)):
        choose(window, suffix)
        assert (dialog.quality.isEnabled(), dialog.bits.isEnabled()) == (quality, depth)
    assert [dialog.colours.itemText(i) for i in range(2)] == ["The photo's own: Display P3", "sRGB"]


def test_a_name_that_cannot_be_is_said_at_once(window: MainWindow) -> None:
    window.actions_by_name["export"].trigger()
    dialog = window.exporting.dialog
    dialog.template.setText("{camera}")
    assert "unknown field" in dialog.outcome.text()
    assert not dialog.export_button.isEnabled()
    dialog.template.setText("{photo}")
    assert dialog.export_button.isEnabled()


def test_the_dialog_names_the_version_that_is_shown_and_closes_for_another_photo(
    prepared: MainWindow, until: Until, tmp_path: Path
) -> None:
    dialog, document = prepared.exporting.dialog, prepared.editor.document
    assert document is not None
    prepared.actions_by_name["export"].trigger()
    dialog.template.setText("{photo} - {version}")
    assert "Version 1" in dialog.outcome.text()
    prepared.versions.add_version()
    assert "Version 2" in dialog.outcome.text()
    prepared.versions.rename(document.version_id, "Bolder")
    assert "Bolder" in dialog.outcome.text()
    other = tmp_path / "other.png"
    Image.fromarray(np.full((300, 400, 3), 60, np.uint8)).save(other)
    prepared.opening.open_path(other)
    until(lambda: prepared.editor.document is not document)
    assert not dialog.isVisible()


def test_the_photo_itself_is_never_replaced_from_the_dialog(window: MainWindow, until: Until, tmp_path: Path) -> None:
    before = (tmp_path / "IMG_7.png").read_bytes()
    window.actions_by_name["export"].trigger()
    dialog = window.exporting.dialog
    choose(window, ".png")
    dialog.template.setText("{photo}")
    dialog.conflict.setCurrentIndex(dialog.conflict.findData(Conflict.OVERWRITE))
    dialog.export_button.click()
    until(lambda: "is the photo itself" in said(window))
    assert (tmp_path / "IMG_7.png").read_bytes() == before


def test_a_taken_name_can_be_left_alone(window: MainWindow, until: Until, tmp_path: Path) -> None:
    taken = tmp_path / "taken.png"
    taken.write_bytes(b"something else")
    window.exporting.write(ExportRequest(None, "taken", ".png", Conflict.SKIP))
    until(lambda: "is there already and was left as it is" in said(window))
    assert taken.read_bytes() == b"something else"


def test_a_raw_editors_file_is_returned_to(open_window: OpenWindow, until: Until, tmp_path: Path) -> None:
    given = tmp_path / "given.tif"
    Image.fromarray(np.full((300, 400, 3), 120, np.uint8)).save(given)
    before = given.read_bytes()
    window = open_window()
    window.exporting.return_target = given
    window.opening.open_path(given)
    until(lambda: window.editor.document is not None)
    assert window.actions_by_name["return_to_editor"].isEnabled()
    window.actions_by_name["return_to_editor"].trigger()
    until(lambda: "Returned to" in said(window))
    assert (tmp_path / "given.original.tif").read_bytes() == before
    assert np.array_equal(open_photo(given).pixels, np.full((300, 400, 3), 120, np.uint8))


def test_only_the_photo_that_a_raw_editor_gave_is_returned_to_it(
    open_window: OpenWindow, until: Until, tmp_path: Path
) -> None:
    given, other = tmp_path / "given.tif", tmp_path / "other.tif"
    for path, grey in ((given, 120), (other, 60)):
        Image.fromarray(np.full((300, 400, 3), grey, np.uint8)).save(path)
    window = open_window()
    window.exporting.return_target = given

    def can_return(photo: Path) -> bool:
        window.opening.open_path(photo)
        until(lambda: window.editor.session is not None and window.editor.session.photo.path == photo)
        return window.actions_by_name["return_to_editor"].isEnabled()

    assert can_return(given)
    assert not can_return(other)
    before = given.read_bytes()
    window.exporting.return_to_editor()
    assert window.editor.exports.queue.waiting == ()
    assert can_return(given)
    window.exporting.return_to_editor()
    until(lambda: "Returned to" in said(window))
    assert window.actions_by_name["return_to_editor"].isEnabled(), "the photo lies under another name now"
    assert not can_return(other)
    assert can_return(tmp_path / "given.original.tif")
    assert (tmp_path / "given.original.tif").read_bytes() == before


@pytest.mark.parametrize("command", ["export_again", "return_to_editor"])
def test_what_is_being_typed_is_written_too(
    prepared: MainWindow, until: Until, qtbot: QtBot, photo: Path, sample_edit: str, command: str
) -> None:
    window, line = prepared, prepared.editor_view.prompts.edit
    window.exporting.return_target = photo
    window.editor.tell(Change.OPENING)
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, sample_edit)
    assert line.is_being_typed
    window.actions_by_name[command].trigger()
    (task,) = window.editor.exports.queue.waiting
    assert task.wanted is not None
    assert task.wanted.state.recipe.prompt == sample_edit
    until(lambda: not window.editor.exports.queue.waiting)


def test_what_is_not_carried_back_to_a_raw_editor_is_said(
    open_window: OpenWindow, until: Until, tmp_path: Path
) -> None:
    given = tmp_path / "given.jpg"
    given.write_bytes(camera_jpeg())
    window = open_window()
    window.exporting.return_target = given
    window.opening.open_path(given)
    until(lambda: window.editor.document is not None)
    window.actions_by_name["return_to_editor"].trigger()
    until(lambda: "Returned to" in said(window))
    assert "Not copied, as it would no longer be true: the embedded preview" in said(window)


def test_without_a_raw_editor_there_is_nothing_to_return_to(window: MainWindow) -> None:
    assert not window.actions_by_name["return_to_editor"].isEnabled()


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"settings": {"quality": 900}}', '{"settings": 3}'])
def test_damaged_preferences_give_the_usual_request(text: str) -> None:
    assert from_json(text) == ExportRequest()


def test_a_request_is_remembered_but_for_its_folder() -> None:
    request = ExportRequest(
        Path("/x"), "{date}", ".avif", Conflict.SKIP, ExportSettings(quality=5, bits=16, prompt=True)
    )
    assert from_json(to_json(request)) == ExportRequest(
        None, "{date}", ".avif", Conflict.SKIP, ExportSettings(quality=5, bits=16, prompt=True)
    )


def test_every_control_has_a_name_to_be_read_out(qtbot: QtBot) -> None:
    dialog = ExportDialog()
    qtbot.addWidget(dialog)
    controls = [
        widget
        for kind in (QComboBox, QSpinBox, QLineEdit, QCheckBox, QPushButton)
        for widget in dialog.findChildren(kind)
        if not isinstance(widget.parent(), QSpinBox)  # its own line
    ]
    assert len(controls) > 12
    for control in controls:
        assert QAccessible.queryAccessibleInterface(control).text(QAccessible.Text.Name), control
