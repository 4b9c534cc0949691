"""The program's icon in the forms that systems ask for, drawn from the one SVG into build/icons."""

import sys
from pathlib import Path

from PIL import Image
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ROOT = Path(__file__).resolve().parent.parent
SVG = ROOT / "resources" / "icons" / "nti-desktop.svg"
FOLDER = ROOT / "build" / "icons"
SIZES = (16, 32, 48, 64, 128, 256)


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    drawing = QSvgRenderer(str(SVG))
    for size in SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(0)
        painter = QPainter(image)
        drawing.render(painter)
        painter.end()
        if not image.save(str(FOLDER / f"{size}.png")):
            return 1
    largest = Image.open(FOLDER / f"{SIZES[-1]}.png")
    largest.save(FOLDER / "nti-desktop.ico", sizes=[(size, size) for size in SIZES])
    return 0


if __name__ == "__main__":
    sys.exit(main())
