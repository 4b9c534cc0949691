"""The tool bar: commands for the file and the edit on the left, for looking at the photo on the right."""

from collections.abc import Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSizePolicy, QToolBar, QWidget

_FILE = ("open", "save", "export")
_EDIT = ("undo", "redo")
_LOOKING = ("compare", "show_mask", "fit", "full_size")


def make_tool_bar(actions: Mapping[str, QAction]) -> QToolBar:
    """Fill a tool bar, which stays where it is. actions: by command."""
    bar = QToolBar("Tools")
    bar.setMovable(False)
    bar.toggleViewAction().setVisible(False)
    bar.addActions([actions[name] for name in _FILE])
    bar.addSeparator()
    bar.addActions([actions[name] for name in _EDIT])
    space = QWidget()
    space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    bar.addWidget(space)
    bar.addActions([actions[name] for name in _LOOKING])
    return bar
