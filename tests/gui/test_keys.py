"""The keys of commands and of texts: none is both, and what both know is decided the same way everywhere."""

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QImage, QKeyEvent, QKeySequence, QTextCursor
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QSlider,
    QSpinBox,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from nti_desktop.core.resources import resource
from nti_desktop.gui import theme
from nti_desktop.gui.controllers.viewing import Page
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.plain import MarkdownFile, Markup
from nti_desktop.gui.widgets.row_list import Row, RowList
from nti_desktop.models.library.samples import Sample
from nti_desktop.recipe.methods import Method
from tests.gui.conftest import OpenWindow

pytestmark = pytest.mark.usefixtures("service")  # what an edit looks like is no matter here

Until = Callable[[Callable[[], bool]], None]

# A text takes back what was typed into it, the window all else; see gui/widgets/text_undo.py.
SHARED = {"Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+Y"}
# Letters are typed into a text; anywhere else they switch how the photo is looked at, as in other photo editors.
TYPED = {"Y", "O", "\\"}
# What Qt's text fields act on besides, on another system than the tests' (Qt's X11, Windows and macOS key schemes).
ELSEWHERE = {
    *("Ctrl+A", "Ctrl+C", "Ctrl+D", "Ctrl+E", "Ctrl+K", "Ctrl+U", "Ctrl+V", "Ctrl+X"),
    *(f"{held}{key}" for held in ("", "Shift+", "Ctrl+", "Ctrl+Shift+", "Alt+") for key in ("Left", "Right")),
    *(f"{held}{key}" for held in ("", "Shift+", "Ctrl+", "Ctrl+Shift+") for key in ("Home", "End", "Up", "Down")),
    *("Backspace", "Ctrl+Backspace", "Ctrl+Shift+Backspace", "Alt+Backspace", "Alt+Shift+Backspace", "Del"),
    *("Ctrl+Del", "Alt+Del", "Shift+Del", "Ctrl+Ins", "Shift+Ins", "Ctrl+Shift+Ins", "F14", "F16", "F18", "F20"),
}

CLEARLY, A_LINE = 28, 40  # of 255; pixels

Look = Callable[[], tuple[object, ...]]


def texts() -> Iterator[tuple[QWidget, Look]]:
    """Texts with something to undo, the caret at the start, within at the end, or a part selected; how each looks."""
    for start, length in ((0, 0), (5, 0), (10, 0), (2, 4)):
        line = QLineEdit("some words")
        line.insert("x")
        line.setCursorPosition(start)
        if length:
            line.setSelection(start, length)

        def line_looks(line: QLineEdit = line) -> tuple[object, ...]:
            return line.text(), line.cursorPosition(), line.selectedText()

        yield line, line_looks
        page = QPlainTextEdit("some words\nand more")
        page.insertPlainText("x")
        cursor = page.textCursor()
        cursor.setPosition(start)
        cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
        page.setTextCursor(cursor)

        def page_looks(page: QPlainTextEdit = page) -> tuple[object, ...]:
            return page.toPlainText(), page.textCursor().position(), page.textCursor().anchor()

        yield page, page_looks


def send(kind: QEvent.Type, widget: QWidget, keys: str) -> bool:
    """Whether the widget takes the key."""
    combined = QKeySequence(keys)[0]
    held = combined.keyboardModifiers()
    text = keys.lower() if len(keys) == 1 and not held else ""
    event = QKeyEvent(kind, combined.key(), held, text)
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def taken_by_a_text(keys: str) -> bool:
    """Whether a text with the focus keeps a key from the commands, or would do something else with it."""
    QApplication.clipboard().setText("pasted")
    if QKeySequence(keys) in {QKeySequence(key) for key in ELSEWHERE}:
        return True
    if send(QEvent.Type.ShortcutOverride, QSpinBox(), keys):
        return True
    for widget, look in texts():
        before = look()
        if send(QEvent.Type.ShortcutOverride, widget, keys):
            return True
        send(QEvent.Type.KeyPress, widget, keys)
        if look() != before:
            return True
    return False


@pytest.fixture
def keys_of(open_window: OpenWindow) -> dict[str, list[str]]:
    """The keys of every command of the window, by its name; the commands are off, so that a key goes to a text."""
    window = open_window()
    for action in window.actions_by_name.values():
        action.setEnabled(False)
    portable = QKeySequence.SequenceFormat.PortableText
    return {
        name: [keys.toString(portable) for keys in action.shortcuts()]
        for name, action in window.actions_by_name.items()
    }


def test_no_command_has_a_key_that_a_text_acts_on(keys_of: dict[str, list[str]]) -> None:
    taken = {key: name for name, keys in keys_of.items() for key in keys if taken_by_a_text(key)}
    assert set(taken) == SHARED | TYPED, taken


def test_no_key_belongs_to_two_commands(keys_of: dict[str, list[str]]) -> None:
    keys = [key for found in keys_of.values() for key in found]
    assert len(keys_of) > 30
    assert len(keys) == len(set(keys))


def test_every_command_says_what_it_does(open_window: OpenWindow) -> None:
    for name, action in open_window().actions_by_name.items():
        assert len(action.toolTip().split()) > 2, name


def test_the_page_of_shortcuts_names_the_keys_of_every_command(
    open_window: OpenWindow, keys_of: dict[str, list[str]]
) -> None:
    window = open_window()
    window.actions_by_name["show_shortcuts"].trigger()
    (page,) = window.findChildren(Page)
    (text,) = page.findChildren(Markup)
    told = {key for keys in re.findall("<b>(.*?)</b>", text.text()) for key in keys.split(", ")}
    assert told == {key for keys in keys_of.values() for key in keys}
    page.close()


def test_the_page_of_the_ways_shows_their_table_and_every_picture_of_it(open_window: OpenWindow) -> None:
    window = open_window()
    window.actions_by_name["show_ways"].trigger()
    (page,) = window.findChildren(Page)
    (text,) = page.findChildren(MarkdownFile)
    for method in Method:
        assert (method.row.title in text.toPlainText()) == (method is not Method.INPAINT)
    pictures = re.findall(r'<img src="(.*?)"', text.toHtml())
    assert len(pictures) == 1
    assert QImage(str(resource("help", *pictures))).width() > 1000
    page.close()


def two_versions(window: MainWindow, until: Until, sample: Sample) -> list[str]:
    """Edit, and add a second version; the names."""
    window.editor.say_in_words(sample.edits[0])
    until(lambda: window.editor.pictures.final)
    window.versions.add_version()
    return names(window)


def names(window: MainWindow) -> list[str]:
    assert window.editor.document is not None
    return [version.name for version in window.editor.document.session.project.versions]


def focused(window: MainWindow, qtbot: QtBot, widget: QWidget) -> QWidget:
    window.activateWindow()
    widget.setFocus()
    qtbot.waitUntil(widget.hasFocus)
    return widget


def test_editing_keys_edit_the_sentence_and_leave_the_versions(
    prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample
) -> None:
    before = two_versions(prepared, until, sample)
    line = prepared.editor_view.prompts.edit
    focused(prepared, qtbot, line)
    line.setCursorPosition(len(line.text()))
    words = line.text().split()
    qtbot.keyClick(line, Qt.Key.Key_Backspace, Qt.KeyboardModifier.ControlModifier)
    assert line.text().split() == words[:-1]
    line.setCursorPosition(0)
    qtbot.keyClick(line, Qt.Key.Key_Delete, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(line, Qt.Key.Key_Delete)
    qtbot.keyClick(line, Qt.Key.Key_Y)
    assert line.text().startswith("y")
    assert not prepared.actions_by_name["compare"].isChecked()
    assert names(prepared) == before


def test_delete_deletes_the_version_that_is_chosen_in_the_list(
    prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample
) -> None:
    first, _ = two_versions(prepared, until, sample)
    versions = prepared.editor_view.versions_panel.list
    focused(prepared, qtbot, versions)
    qtbot.keyClick(versions, Qt.Key.Key_Delete)
    assert names(prepared) == [first]
    qtbot.keyClick(versions, Qt.Key.Key_Delete)
    assert names(prepared) == [first]  # the only one stays


def test_delete_deletes_letters_while_a_version_is_named(
    prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample
) -> None:
    first, _ = two_versions(prepared, until, sample)
    versions = prepared.editor_view.versions_panel.list
    prepared.actions_by_name["ask_for_name"].trigger()
    name = versions.findChild(QLineEdit)
    assert name is not None
    name.setCursorPosition(0)
    qtbot.keyClick(name, Qt.Key.Key_Delete)
    qtbot.keyClick(name, Qt.Key.Key_Return)
    until(lambda: names(prepared) == [first, "ersion 2"])


def test_the_export_can_be_asked_for_while_a_sentence_is_written(
    prepared: MainWindow, until: Until, qtbot: QtBot
) -> None:
    for line in (prepared.editor_view.prompts.edit, prepared.editor_view.prompts.description):
        focused(prepared, qtbot, line)
        qtbot.keyClick(line, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        assert prepared.exporting.dialog.isVisible()
        prepared.exporting.dialog.close()


def undo(qtbot: QtBot, widget: QWidget) -> None:
    qtbot.keyClick(widget, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def redo(qtbot: QtBot, widget: QWidget) -> None:
    qtbot.keyClick(widget, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)


def test_undo_in_the_sentence_of_the_edit_is_the_windows(
    prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample
) -> None:
    editor, line = prepared.editor, prepared.editor_view.prompts.edit
    focused(prepared, qtbot, line)
    line.selectAll()
    qtbot.keyClicks(line, sample.edits[0])  # settled by undo itself, and then taken back as one edit
    undo(qtbot, line)
    assert editor.document is not None
    assert line.text() == editor.document.edit_text == sample.caption
    redo(qtbot, line)
    assert line.text() == editor.document.edit_text == sample.edits[0]


@pytest.mark.parametrize("place", ["description", "steps"])
def test_undo_in_another_text_is_its_own_until_nothing_typed_is_left(
    prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample, place: str
) -> None:
    editor, editor_view = prepared.editor, prepared.editor_view
    editor.say_in_words(sample.edits[0])
    until(lambda: editor.pictures.final)
    assert editor.document is not None
    edited = editor.document.state
    editor_view.tabs.setCurrentWidget(editor_view.model_panel)
    field: QWidget = editor_view.prompts.description if place == "description" else editor_view.model_panel.steps
    line = field if isinstance(field, QLineEdit) else field.findChild(QLineEdit)
    assert line is not None
    focused(prepared, qtbot, field)
    line.setCursorPosition(len(line.text()))
    was = line.text()
    qtbot.keyClick(field, Qt.Key.Key_1)
    assert line.text() != was
    undo(qtbot, field)
    assert line.text() == was
    assert editor.document.state == edited
    undo(qtbot, field)
    assert line.text() == was
    assert editor.document.edit_text == sample.caption


def controls() -> Iterator[tuple[str, QWidget]]:
    """What the keyboard comes by, as the panels have it."""
    primary, chosen, opened = QPushButton("Prepare photo"), QPushButton("cube"), QToolButton()
    primary.setProperty("primary", "true")
    for button in (chosen, opened):
        button.setCheckable(True)
        button.setChecked(True)
    opened.setText("Advanced")
    opened.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    versions, choice, tabs = QListWidget(), QComboBox(), QTabBar()
    versions.addItems(["Version 1", "Version 2"])
    versions.setCurrentRow(0)
    choice.addItem("Best available")
    for title in ("Words", "Mask"):
        tabs.addTab(title)
    yield "a button", QPushButton("Add")
    yield "the button that comes next", primary
    yield "a chosen word", chosen
    yield "an opened part", opened
    yield "a list", versions
    yield "a choice", choice
    yield "tabs", tabs
    yield "a switch", QCheckBox("Automatic")
    yield "a line", QLineEdit()
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setValue(50)
    yield "a slider", slider


def test_what_has_the_focus_is_to_be_seen(qtbot: QtBot, qapp: QApplication) -> None:
    theme.dress(qapp)
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    found = dict(controls())
    for control in found.values():
        column.addWidget(control)
    page.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    page.show()
    page.activateWindow()
    for name, control in found.items():
        page.setFocus()
        qtbot.waitUntil(page.hasFocus)
        before = grabbed(control)
        control.setFocus(Qt.FocusReason.TabFocusReason)
        qtbot.waitUntil(control.hasFocus)
        changed = (np.abs(grabbed(control) - before).max(axis=2) >= CLEARLY).sum()
        assert changed >= A_LINE, f"{name}: {changed} pixels"


def grabbed(widget: QWidget) -> np.ndarray:
    """(height, width, 3) of 0 to 255."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return pixels[:, :, :3].astype(int)


def test_the_row_that_the_keyboard_comes_to_is_selected(qtbot: QtBot) -> None:
    rows = RowList("Models")
    qtbot.addWidget(rows)
    rows.show_rows([Row("one", "One"), Row("two", "Two")])
    rows.show()
    rows.activateWindow()
    rows.clearFocus()
    rows.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(rows.hasFocus)
    assert rows.key == "one"
    assert rows.item(0).isSelected()
