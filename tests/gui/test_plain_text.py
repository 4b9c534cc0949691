"""Text from files is text in the window: names, sentences and messages that look like markup open nothing."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLabel, QMessageBox, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from nti_desktop import gui
from nti_desktop.editing.opening import open_with_project
from nti_desktop.editing.previews import encode_preview
from nti_desktop.editing.session import Session
from nti_desktop.gui.widgets.message_bar import Message, MessageBar
from nti_desktop.gui.widgets.plain import Label, Question, set_tip
from nti_desktop.gui.widgets.row_list import Row, RowList
from nti_desktop.models.library.catalog import built_in
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.jobs import Figures, Inversion
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from tests.gui.conftest import OpenWindow

Until = Callable[[Callable[[], bool]], None]
BEACON = QColor(1, 254, 2)
MARKUP = '<img src="beacon.png"><b>bold</b>'


@pytest.fixture(autouse=True)
def beacon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture that the hostile texts name; whoever takes them for markup draws it."""
    monkeypatch.chdir(tmp_path)
    image = QImage(60, 40, QImage.Format.Format_RGB32)
    image.fill(BEACON)
    assert image.save("beacon.png")
    return tmp_path / "beacon.png"


def beacon_drawn(widget: QWidget) -> bool:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1) & 0xFFFFFF
    return bool((pixels == BEACON.rgb() & 0xFFFFFF).any())


def widgets_in(top: QWidget) -> list[QWidget]:
    return [top, *top.findChildren(QWidget)]


def tips_in(top: QWidget) -> Iterator[str]:
    """All tooltips, those of the items of lists included."""
    for widget in widgets_in(top):
        yield widget.toolTip()
        yield from (action.toolTip() for action in widget.actions())
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            model = widget.model()
            for row in range(model.rowCount()):
                yield model.index(row, 0).data(Qt.ItemDataRole.ToolTipRole) or ""


def test_a_label_without_its_format_would_draw_the_beacon(qtbot: QtBot) -> None:
    guessing = QLabel(MARKUP)
    qtbot.addWidget(guessing)
    assert beacon_drawn(guessing)
    plain = Label(MARKUP)
    qtbot.addWidget(plain)
    assert not beacon_drawn(plain)


def test_the_name_of_a_photo_in_a_project_is_no_markup_in_a_message(qtbot: QtBot, photo: Path) -> None:
    session = Session.open(photo)
    session.working_copy.change(photo=session.project.photo.model_copy(update={"name": f"holiday.jpg{MARKUP}"}))
    session.working_copy.write(session.working_copy.snapshot())  # a session would write the photo's own name
    lonely = session.sidecar.rename(photo.with_name("holiday.nti"))
    photo.unlink()
    with pytest.raises(Exception, match="beacon") as caught:
        open_with_project(lonely)
    bar = MessageBar()
    qtbot.addWidget(bar)
    bar.resize(700, 80)
    bar.say(Message(str(caught.value)))
    bar.show()
    assert not beacon_drawn(bar)


def test_a_tooltip_shows_markup_as_it_was_written(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    set_tip(widget, MARKUP)
    QToolTip.showText(widget.mapToGlobal(QPoint(1, 1)), widget.toolTip(), widget)
    tips = [each for each in QApplication.topLevelWidgets() if each.inherits("QTipLabel")]
    qtbot.waitUntil(lambda: any(each.isVisible() for each in tips))
    assert not any(beacon_drawn(each) for each in tips)
    QToolTip.hideText()
    qtbot.waitUntil(lambda: not QToolTip.isVisible())


def test_a_question_asks_in_plain_text(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    box = Question("Models", f"Delete “{MARKUP}”?", parent)
    box.addButton("Keep", QMessageBox.ButtonRole.RejectRole)
    assert not beacon_drawn(box)


@pytest.mark.slow
def test_a_window_full_of_hostile_names_draws_none_of_them(
    open_window: OpenWindow, photo: Path, tmp_path: Path, until: Until
) -> None:
    hostile = photo.rename(tmp_path / f"{MARKUP.replace('/', '')}.jpg")
    session = Session.open(hostile)
    entry = built_in()
    frame = session.frame_for(entry)
    pivot = np.zeros((5, 4, frame.model_height // entry.multiple, frame.model_width // entry.multiple), np.float32)
    settings = InversionSettings(f"a cube {MARKUP}", Method.RESIDUAL, 4, 1.5)
    inverted = Inversion(settings, {"pivot": pivot}, None, Figures(1.0, 10, 30.0))  # type: ignore[arg-type]
    record = session.keep_inversion(entry, "0" * 64, inverted)
    for number in range(3):
        version = session.add_version(f"{number} {MARKUP}", EditRecipe(f"a ball {number} {MARKUP}"), Finish())
        session.working_copy.keep_preview(version.id, encode_preview(Raster(np.full((60, 60, 3), 90, np.uint8))))
    model = record.model_copy(update={"model": str(tmp_path / MARKUP), "figures": record.figures})
    session.working_copy.change(inversions=(model,))
    session.save()

    window = open_window()
    window.opening.open_path(hostile)
    until(lambda: window.editor.document is not None)
    window.editor.say(Message(f"“{MARKUP}” is gone."))
    window.editor_view.strip.show_opening(MARKUP, 0.5)
    for tab in range(window.editor_view.tabs.count()):
        window.editor_view.tabs.setCurrentIndex(tab)
        assert not beacon_drawn(window)
    labels = [widget for widget in widgets_in(window) if isinstance(widget, QLabel)]
    assert len(labels) > 20
    assert any("<img" in label.text() for label in labels)
    guessing = [label for label in labels if label.textFormat() == Qt.TextFormat.AutoText]
    assert [label.metaObject().className() for label in guessing] in ([], ["QTipLabel"])  # which is Qt's own
    tips = list(tips_in(window))
    assert any("&lt;img" in tip for tip in tips)
    assert not any("<img" in tip for tip in tips)


def test_no_widget_guesses_what_its_text_is() -> None:
    """All labels, tooltips and message boxes are made where their format is set."""
    guessing = {"QLabel", "QMessageBox", "QErrorMessage", "QTextBrowser", "QTextEdit", "QStaticText", "QProgressDialog"}
    for file in Path(gui.__file__).parent.rglob("*.py"):
        if file.name == "plain.py":
            continue
        tree = ast.parse(file.read_text("utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        methods = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not names & guessing, file.name
        assert not any(_is_titled_row(node) for node in ast.walk(tree)), file.name
        assert not methods & {"setToolTip", "setWhatsThis", "setStatusTip", "showText", "ToolTipRole"}, file.name
        assert "setHtml" not in methods or file.name == "row_list.py", file.name  # which escapes


def _is_titled_row(node: ast.AST) -> bool:
    """A row of a form whose title is text, of which Qt makes a label of its own."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "addRow"
        and isinstance(node.args[0], ast.Constant)
    )


def test_rows_of_lists_escape_what_they_show(qtbot: QtBot) -> None:
    rows = RowList("Models")
    qtbot.addWidget(rows)
    rows.resize(400, 200)
    rows.show_rows([Row("a", MARKUP, (MARKUP,), MARKUP, MARKUP)])
    rows.show()
    assert not beacon_drawn(rows)
    assert not any("<img" in tip for tip in tips_in(rows))
