"""How the photo is looked at, and the pages of help."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtWidgets import QDialog, QPushButton, QScrollArea, QVBoxLayout, QWidget

from nti_desktop import __version__
from nti_desktop.core.resources import resource
from nti_desktop.gui.commands import Menu, command, commands_of
from nti_desktop.gui.editor.editor_view import EditorView
from nti_desktop.gui.widgets.plain import MarkdownFile, Markup
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.methods import METHODS

_NARROW, _WIDE = QSize(560, 520), QSize(1240, 860)
_OF_SCREEN = 0.9
_MEASURED = resource("help", "methods.md")

_USE = """
<h3>From a photo to an edited photo</h3>
<ol>
<li><b>Open</b> a photo, or drop one on the window. The samples are what the built-in model knows.</li>
<li><b>Describe</b> in one plain sentence what the photo shows, then press <b>Prepare photo</b>. This is needed once;
the window says before how long it takes on this computer.</li>
<li><b>Edit</b>: change words of the second sentence: swap a word, add one, remove one. The photo follows when you
pause.</li>
<li><b>Words</b>: <b>Strength</b> leads from the photo to the edit and beyond; a slider for each word says how much it
counts, and “(fog:1.2)” and “fog++” in the sentence set it too. <b>Structure</b>: how closely the edit follows the
photo. <b>Mask</b>: click words to confine the edit to them, or to keep them as they are; or mark a place by hand.</li>
<li><b>Work on an area</b> when a part of the photo is to get all of the model's resolution: draw a rectangle, or put
one around a word; it has sentences of its own.</li>
<li><b>Compare</b> shows before and after with a line that can be dragged.</li>
<li><b>Versions</b> hold several edits of the same photo. <b>Export</b> writes one as a picture
in the photo's own colours and depth, or as layers.</li>
</ol>
<p>The photo itself is never changed. The work lies beside it in a file that ends in .nti. It is saved ten seconds after
the last change, or as <b>File, Save by itself</b> says, and when you close the window; looking alone writes nothing.
What is not saved when the program ends unasked is there again when it starts.</p>
"""

_ABOUT = f"""
<h3>NTI Desktop {__version__}</h3>
<p>Edits a photo by changing the sentence that describes it. Everything runs on this computer.</p>
<p>Edits after Hertz et al., <i>Prompt-to-Prompt</i> (2023). Photos are prepared by one of these ways:</p>
<ul>{"".join(f"<li><b>{row.title}</b>: {row.source}</li>" for row in METHODS.values())}</ul>
<p>Apache-2.0. Uses Qt, PyTorch, diffusers, libvips and LibRaw.</p>
"""


class Page(QDialog):
    """A page of help, which scrolls by itself. Not modal."""

    def __init__(self, title: str, page: QWidget, size: QSize, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        column = QVBoxLayout(self)
        column.addWidget(page)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        self.resize(size.boundedTo(parent.screen().availableSize() * _OF_SCREEN))


def _scrolled(html: str) -> QScrollArea:
    text = Markup(html)
    text.setWordWrap(True)
    text.setMargin(12)
    text.setAlignment(Qt.AlignmentFlag.AlignTop)
    area = QScrollArea()
    area.setWidget(text)
    area.setWidgetResizable(True)
    return area


class Viewing(QObject):
    """Zoom, comparison, mask, panels, help."""

    def __init__(self, editor_view: EditorView, owners: list[type], parent: QWidget) -> None:
        """owners: classes with commands, for the page of shortcuts."""
        super().__init__(parent)
        self._editor_view, self._owners, self._window = editor_view, [*owners, Viewing], parent
        self._pages: dict[str, Page] = {}

    @command("&Compare", Menu.VIEW, "Y", checkable=True)
    @slot(bool)
    def compare(self, on: bool) -> None:
        """Show before and after side by side, with a line to drag."""
        self._editor_view.view.show_split(on)

    @command("&Before", Menu.VIEW, "\\", checkable=True)
    @slot(bool)
    def show_before(self, on: bool) -> None:
        """Show the photo as it was."""
        self._editor_view.view.peek(on)

    @command("&Mask", Menu.VIEW, "O", checkable=True)
    @slot(bool)
    def show_mask(self, on: bool) -> None:
        """Show the mask laid over it over the photo."""
        self._editor_view.mask_panel.show_mask.setChecked(on)

    @command("&Fit", Menu.VIEW, "Ctrl+0", separated=True)
    @slot()
    def fit(self) -> None:
        """Show the whole photo."""
        self._editor_view.canvas.fit()

    @command("100 %", Menu.VIEW, "Ctrl+1")
    @slot()
    def full_size(self) -> None:
        """One pixel of the photo on one pixel of the screen."""
        self._editor_view.canvas.zoom_to(1.0)

    @command("Zoom &in", Menu.VIEW, "Ctrl++", "Ctrl+=")
    @slot()
    def zoom_in(self) -> None:
        """Show the photo larger."""
        self._editor_view.canvas.zoom_to(self._editor_view.canvas.zoom() * 1.5)

    @command("Zoom &out", Menu.VIEW, "Ctrl+-")
    @slot()
    def zoom_out(self) -> None:
        """Show the photo smaller."""
        self._editor_view.canvas.zoom_to(self._editor_view.canvas.zoom() / 1.5)

    @command("&Words", Menu.VIEW, "Alt+1", separated=True)
    @slot()
    def words_panel(self) -> None:
        """Show the sliders of the words."""
        self._editor_view.tabs.setCurrentWidget(self._editor_view.words_panel)

    @command("&Structure", Menu.VIEW, "Alt+2")
    @slot()
    def structure_panel(self) -> None:
        """Show how closely the edit follows the photo."""
        self._editor_view.tabs.setCurrentWidget(self._editor_view.structure_panel)

    @command("Mas&k words", Menu.VIEW, "Alt+3")
    @slot()
    def mask_panel(self) -> None:
        """Show where the edit may change the photo."""
        self._editor_view.tabs.setCurrentWidget(self._editor_view.mask_panel)

    @command("M&odel", Menu.VIEW, "Alt+4")
    @slot()
    def model_panel(self) -> None:
        """Show which model works on the photo and how it is prepared."""
        self._editor_view.tabs.setCurrentWidget(self._editor_view.model_panel)

    @command("&How to use it", Menu.HELP, "F1")
    @slot()
    def show_help(self) -> None:
        """Show how a photo is edited."""
        self._show("How to use it", lambda: _scrolled(_USE))

    @command("&Ways of editing", Menu.HELP)
    @slot()
    def show_ways(self) -> None:
        """Show what each way of editing is good for, measured on the same scenes, with pictures."""
        self._show("Ways of editing", lambda: MarkdownFile(_MEASURED), _WIDE)

    @command("&Shortcuts", Menu.HELP)
    @slot()
    def show_shortcuts(self) -> None:
        """Show every command with its keys."""
        rows = "".join(
            f"<tr><td><b>{', '.join(entry.shortcuts)}</b>&nbsp;&nbsp;</td><td>{explanation}</td></tr>"
            for owner in self._owners
            for _, entry, explanation in commands_of(owner)
            if entry.shortcuts
        )
        self._show("Shortcuts", lambda: _scrolled(f"<table cellpadding=4>{rows}</table>"))

    @command("&About", Menu.HELP)
    @slot()
    def show_about(self) -> None:
        """Show the version and what the program builds on."""
        self._show("About", lambda: _scrolled(_ABOUT))

    def _show(self, title: str, page: Callable[[], QWidget], size: QSize = _NARROW) -> None:
        if title not in self._pages:
            self._pages[title] = Page(title, page(), size, self._window)
        self._pages[title].show()
        self._pages[title].raise_()
