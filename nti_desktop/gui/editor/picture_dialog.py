"""Which part of a picture an edit draws after."""

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QVBoxLayout, QWidget

from nti_desktop.editing.image_prompts import square_around
from nti_desktop.gui.canvas.photo_view import PhotoView
from nti_desktop.gui.canvas.picture import Picture
from nti_desktop.gui.widgets.explanation import explanation
from nti_desktop.gui.widgets.plain import set_tip
from nti_desktop.gui.window_size import within_screen
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.frame import Area

_SIZE = QSize(760, 620)


class PictureDialog(QDialog):
    """Not modal. The rectangle that is drawn is meant, else the largest square in the middle."""

    chosen = Signal(Area)  # of the picture

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Draw after a picture")
        about = explanation(
            "What is marked on the photo is drawn after this picture. Drag a rectangle closely around the thing that "
            "is meant; a small copy of the square around it is kept in the project."
        )
        self.view = PhotoView(area_caption="Drag a rectangle over what to draw")
        self.view.area_drawn.connect(self._drawn)
        self.another = QPushButton("&Another part")
        set_tip(self.another, "Draw the rectangle again.")
        self.another.clicked.connect(self.view.draw_area)
        buttons = QDialogButtonBox()
        buttons.addButton(self.another, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        self.use = buttons.addButton("&Draw after this", QDialogButtonBox.ButtonRole.AcceptRole)
        self.use.clicked.connect(self._accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(about)
        column.addWidget(self.view, 1)
        column.addWidget(buttons)
        self._size, self._area = (1, 1), Area(0, 0, 1, 1)

    def ask(self, picture: Picture, size: tuple[int, int]) -> None:
        """Show a picture, of which this may be a small copy. size: (width, height) of the picture itself."""
        self._size = size
        self.view.show_photo(picture, size)
        self._take(square_around(None, size))
        self.resize(within_screen(self, _SIZE))
        self.show()
        self.raise_()
        self.activateWindow()
        self.view.draw_area()
        self.use.setFocus()

    @slot(Area)
    def _drawn(self, area: Area) -> None:
        self._take(area)
        self.use.setFocus()

    def _take(self, area: Area) -> None:
        self._area = area
        self.view.show_area(area)

    @slot()
    def _accept(self) -> None:
        self.accept()
        self.chosen.emit(self._area)
