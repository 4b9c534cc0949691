"""Photos of 100 megapixels: seconds until something is seen, until all is there and until it is exported, and memory.

`python -m tests.benchmarks.big_files` makes the files in a temporary folder (1.3 GB) and takes minutes; every figure
comes from a process of its own that knows no torch.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyvips

from tests.benchmarks.children import ask

SIZE = (11_600, 8_700)
SAVE: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("photo.jpg", {"Q": 92}),
    "TIFF": ("plain.tif", {"bigtiff": False}),
    "packed TIFF": ("packed.tif", {"compression": "deflate", "predictor": "horizontal"}),
    "PNG": ("photo.png", {"compression": 3}),
}
EIGHT_BITS = ("JPEG", "PNG")
SUFFIXES = (".tif", ".jpg", ".png")
QUIET = "default.warning=false"  # the offscreen platform complains of every hint about a size


def make(folder: Path, kinds: Sequence[str]) -> dict[str, Path]:
    """The files: gradients, soft blobs and a sensor's noise."""
    width, height = SIZE
    place = pyvips.Image.xyz(width, height)
    across, down = place[0] / width, place[1] / height
    blobs = pyvips.Image.perlin(width, height, cell_size=900) * 0.25
    noise = pyvips.Image.gaussnoise(width, height, sigma=0.01, mean=0)
    bands = [across * 0.6 + 0.2 + blobs + noise, down * 0.6 + 0.2 + blobs + noise, (across + down) * 0.3 + 0.2 - noise]
    scene = bands[0].bandjoin(bands[1:]) * 65535
    deep = scene.cast("ushort").copy(interpretation="rgb16")
    source = folder / "scene.tif"
    deep.write_to_file(str(source))
    files = {}
    for kind in kinds:
        name, options = SAVE[kind]
        files[kind] = folder / name
        image = pyvips.Image.new_from_file(str(source), access="sequential")
        if kind in EIGHT_BITS:
            image = image.cast("uchar", shift=True).copy(interpretation="srgb")
        image.write_to_file(str(files[kind]), **options)
    source.unlink()
    return files


def peak() -> int:
    """Megabytes of memory this process had at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) // 1024


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return round(time.perf_counter() - start, 2), result


def look(path: Path) -> dict[str, Any]:
    """Of the function alone."""
    from nti_desktop.photo.reading.first_view import first_view

    seconds, view = timed(lambda: first_view(path, 1600))
    return {"seconds": seconds if view else None, "size": view.raster.size if view else None, "peak": peak()}


def window(path: Path) -> dict[str, Any]:
    """From `open_path` to what is painted in the window."""
    from PySide6.QtCore import QEvent, QObject, QTimer
    from PySide6.QtWidgets import QApplication

    from nti_desktop.gui import theme
    from nti_desktop.gui.main_window import MainWindow
    from tests.benchmarks.screen import until

    class Painted(QObject):
        """Notes when a widget was painted first."""

        at: float | None = None

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
            if event.type() == QEvent.Type.Paint and self.at is None:
                self.at = time.perf_counter()
            return False

    app = QApplication(sys.argv[:1])
    app.setQuitOnLastWindowClosed(False)
    theme.dress(app)
    MainWindow._start_engine = lambda _window: None  # type: ignore[assignment,method-assign]
    shown = MainWindow()
    shown.show()
    until(shown.isVisible)
    place = shown.editor_view
    first, whole = Painted(), Painted()
    place.first_view.installEventFilter(first)
    place.view.installEventFilter(whole)
    progress: list[float] = []
    start = time.perf_counter()
    shown.opening.open_path(path)

    def done() -> bool:
        if "%" in place.strip.text.text() and not progress:
            progress.append(time.perf_counter())
        return whole.at is not None

    until(done)
    answer = {
        "progress": round(progress[0] - start, 2) if progress else None,
        "first": round(first.at - start, 2) if first.at else None,
        "whole": round((whole.at or 0) - start, 2),
        "peak": peak(),
        "torch": "torch" in sys.modules,
    }
    shown.closed.connect(app.quit)
    QTimer.singleShot(0, shown.close)  # it may be closed at once, and a loop that has not begun cannot be ended
    app.exec()
    return answer


def export(path: Path, target: Path) -> dict[str, Any]:
    """Open, lay an edit of a quarter into all that the file holds, write: what `Session.finished` and an export do."""
    import numpy as np

    from nti_desktop.photo.compositing.composite import Layer, lay_in
    from nti_desktop.photo.export.export import export_picture
    from nti_desktop.photo.frame import frame_image, whole_photo
    from nti_desktop.photo.photo import full_raster, open_photo

    opening, photo = timed(lambda: open_photo(path))
    opened = peak()
    frame = whole_photo(*photo.raster.size, 512, 8)
    source = frame_image(photo.raster, frame).astype(np.float32) / 255
    mask = np.zeros(source.shape[:2], np.float32)
    mask[: mask.shape[0] // 2, : mask.shape[1] // 2] = 1
    reading, raster = timed(lambda: full_raster(photo))
    read = peak()
    laying, _ = timed(lambda: lay_in(raster, Layer(frame, 1 - source, source, mask)))
    laid = peak()
    writing, _ = timed(lambda: export_picture(raster, target, original=path))
    return {
        "seconds": {"open": opening, "read again": reading, "lay in": laying, "write": writing},
        "peaks": {"open": opened, "read again": read, "lay in": laid, "write": peak()},
        "torch": "torch" in sys.modules,
        "size": target.stat().st_size,
    }


def measure(kinds: Sequence[str], suffixes: Sequence[str]) -> None:
    """Make, measure and print."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        places = {f"XDG_{kind}_HOME": f"{folder}/{kind}" for kind in ("DATA", "CONFIG", "CACHE", "STATE")}
        quiet = {"QT_QPA_PLATFORM": "offscreen", "QT_LOGGING_RULES": QUIET, "HOME": name, **places}
        for kind, path in make(folder, kinds).items():
            print(f"{kind}, {path.stat().st_size / 1e6:.0f} MB", flush=True)
            print("  first view, the function:", ask("big_files", "look", str(path)), flush=True)
            print("  window:", ask("big_files", "window", str(path), **quiet), flush=True)
            for suffix in suffixes:
                target = folder / f"export{suffix}"
                print(f"  export as {suffix}:", ask("big_files", "export", str(path), str(target)), flush=True)
                target.unlink()


def main(arguments: Sequence[str]) -> None:
    """Measure everything, or one thing as a child of that."""
    children: dict[str, Callable[..., dict[str, Any]]] = {"look": look, "window": window, "export": export}
    if arguments and arguments[0] in children:
        print(json.dumps(children[arguments[0]](*map(Path, arguments[1:]))))
        return
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.big_files", description=__doc__)
    parser.add_argument("--kinds", nargs="*", choices=list(SAVE), default=list(SAVE))
    parser.add_argument("--exports", nargs="*", choices=SUFFIXES, default=list(SUFFIXES))
    asked = parser.parse_args(arguments)
    measure(asked.kinds, asked.exports)


if __name__ == "__main__":
    main(sys.argv[1:])
