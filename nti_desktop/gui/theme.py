"""Dark neutral grey: no hue of the window may colour the eye's judgement of a photo."""

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from nti_desktop.recipe.words import Change

CANVAS = QColor("#262626")
WINDOW = QColor("#303030")
RAISED = QColor("#3b3b3b")
FIELD = QColor("#222222")
LINE = QColor("#4a4a4a")
TEXT = QColor("#e4e4e4")
QUIET = QColor("#a6a6a6")
FAINT = QColor("#757575")
ACCENT = QColor("#8fb3d9")
MASK = QColor(232, 64, 48)  # the red of the darkroom
MASK_ON_RED = QColor(40, 200, 150)  # for photos in which red would not be seen
WARNING = QColor("#e0b35c")
ERROR = QColor("#e88a7d")

# Every change also differs in shape (struck out, underlined, an arrow, a plus), never in colour alone.
CHANGE_COLOURS = {
    Change.KEPT: QColor("#bdbdbd"),
    Change.SWAPPED: QColor("#e8c274"),
    Change.ADDED: QColor("#93cf96"),
    Change.REMOVED: QColor("#e88a7d"),
}

_SHEET = """
QWidget { font-size: 13px; }
QMainWindow, QDialog { background: $window; }
QToolTip { background: #1c1c1c; color: $text; border: 1px solid $line; padding: 4px 6px; }
QToolBar { background: $window; border: 0; border-bottom: 1px solid #1f1f1f; padding: 4px 6px; spacing: 4px; }
QToolBar::separator { width: 1px; background: $line; margin: 4px 6px; }
QMenuBar { background: $window; border: 0; }
QMenuBar::item { padding: 4px 9px; background: transparent; }
QMenuBar::item:selected { background: $raised; }
QMenu { background: $raised; border: 1px solid #1c1c1c; padding: 4px 0; }
QMenu::item { padding: 5px 28px 5px 24px; }
QMenu::item:selected { background: #55626f; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QLineEdit {
    background: $field; border: 1px solid $line; border-radius: 4px; padding: 4px 7px;
    selection-background-color: #4d6a87; selection-color: white;
}
QLineEdit:focus { border-color: $accent; }
QComboBox, QSpinBox { min-height: 25px; }
QCheckBox:focus { color: $accent; }
QComboBox:focus { background: #35485c; }
QLineEdit:disabled { color: $faint; background: #2b2b2b; }
QPushButton, QToolButton {
    background: $raised; border: 1px solid #525252; border-radius: 4px; padding: 4px 11px; color: $text;
}
QToolButton { padding: 4px 8px; }
QToolButton[popupMode="2"] { padding-right: 22px; }
QToolButton::menu-indicator { subcontrol-origin: border; subcontrol-position: center right; right: 7px; }
QPushButton:hover, QToolButton:hover { background: #474747; }
QPushButton:pressed, QToolButton:pressed { background: #2a2a2a; }
QPushButton:checked, QToolButton:checked { background: #4d6a87; border-color: #6d8cab; color: white; }
QPushButton:focus, QToolButton:focus { border-color: $accent; }
QPushButton:checked:focus, QToolButton:checked:focus { border-color: white; }
QPushButton:disabled, QToolButton:disabled { color: $faint; background: #343434; border-color: #404040; }
QPushButton[primary="true"]:enabled { background: #4d6a87; border-color: #6d8cab; color: white; }
QPushButton[primary="true"]:enabled:hover { background: #587a9b; }
QPushButton[primary="true"]:enabled:focus { border-color: white; }
QPushButton[chip="true"] { padding: 2px 8px; border-radius: 10px; }
QPushButton[flat="true"] { background: transparent; border-color: transparent; padding: 2px 6px; }
QPushButton[flat="true"]:hover, QPushButton[flat="true"]:focus { border-color: #5c5c5c; background: $raised; }
QTabWidget::pane { border: 0; border-top: 1px solid $line; }
QTabBar::tab { background: transparent; padding: 7px 13px; color: $quiet; border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:selected:focus { color: white; background: #43505d; }
QListWidget { background: transparent; border: 0; outline: 0; }
QListWidget::item { border: 1px solid transparent; border-radius: 4px; padding: 4px; color: $text; }
QListWidget::item:selected { background: #43505d; border-color: #6d8cab; color: white; }
QListWidget::item:selected:focus { border-color: white; }
QListWidget::item:hover:!selected { background: #393939; }
QSlider::groove:horizontal { height: 3px; background: #555555; border-radius: 1px; }
QSlider::handle:horizontal {
    width: 12px; height: 12px; margin: -5px 0; border-radius: 6px; background: #c4c4c4; border: 1px solid #2a2a2a;
}
QSlider::handle:horizontal:hover { background: white; }
QSlider::handle:horizontal:focus { background: $accent; }
QSlider::handle:horizontal:disabled { background: #666666; }
QProgressBar { background: $field; border: 1px solid $line; border-radius: 3px; max-height: 8px; }
QProgressBar::chunk { background: #6d8cab; border-radius: 2px; }
QScrollArea { border: 0; background: transparent; }
QScrollBar:vertical { width: 11px; background: transparent; margin: 0; }
QScrollBar:horizontal { height: 11px; background: transparent; margin: 0; }
QScrollBar::handle { background: #575757; border-radius: 4px; min-height: 28px; min-width: 28px; margin: 2px; }
QScrollBar::handle:hover { background: #6b6b6b; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QCheckBox::indicator { width: 14px; height: 14px; }
QLabel[role="heading"] { color: $quiet; font-weight: 600; font-size: 12px; }
QLabel[role="quiet"] { color: $quiet; font-size: 12px; }
QLabel[role="warning"] { color: $warning; font-size: 12px; }
QLabel[role="title"] { font-size: 20px; font-weight: 600; }
QFrame[role="bar"] { background: $window; border-top: 1px solid #1f1f1f; }
QFrame[role="side"] { background: $window; }
QFrame[role="message"] { background: #3a3733; border: 1px solid #5a5248; border-radius: 4px; }
QFrame[role="message"][tone="error"] { background: #45302d; border-color: #7a4a43; }
QFrame[role="message"][tone="note"] { background: #333a41; border-color: #4a5763; }
"""


def _style_sheet() -> str:
    colours = {
        "window": WINDOW,
        "raised": RAISED,
        "field": FIELD,
        "line": LINE,
        "text": TEXT,
        "quiet": QUIET,
        "faint": FAINT,
        "accent": ACCENT,
        "warning": WARNING,
    }
    sheet = _SHEET
    for name, colour in colours.items():
        sheet = sheet.replace(f"${name}", colour.name())
    return sheet


def _palette() -> QPalette:
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, colour in (
        (roles.Window, WINDOW),
        (roles.WindowText, TEXT),
        (roles.Base, FIELD),
        (roles.AlternateBase, WINDOW),
        (roles.Text, TEXT),
        (roles.PlaceholderText, FAINT),
        (roles.Button, RAISED),
        (roles.ButtonText, TEXT),
        (roles.BrightText, QColor("white")),
        (roles.ToolTipBase, QColor("#1c1c1c")),
        (roles.ToolTipText, TEXT),
        (roles.Highlight, QColor("#4d6a87")),
        (roles.HighlightedText, QColor("white")),
        (roles.Link, ACCENT),
        (roles.Mid, LINE),
        (roles.Dark, QColor("#1f1f1f")),
        (roles.Light, QColor("#555555")),
    ):
        palette.setColor(role, colour)
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, FAINT)
    return palette


def dress(app: QApplication) -> None:
    """Give the application its look."""
    app.setStyle(QStyleFactory.create("Fusion"))
    app.setPalette(_palette())
    app.setStyleSheet(_style_sheet())
