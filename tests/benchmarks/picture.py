"""The picture of the contest: what each way costs, and how near it comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox

from tests.benchmarks.contestants import FIRST, LATER, PUBLISHED
from tests.benchmarks.speed import EDITS, INVERSIONS
from tests.benchmarks.summary import Section, mean_of_photos

WIDTH, HEIGHT, DPI = 9.0, 3.9, 200  # inches, shown in the README at half its pixels

# Of Okabe and Ito's palette, which colour-blind people can tell apart; the marks differ as well.
THEIRS, OURS = ("#D55E00", "s"), ("#0072B2", "o")
QUIET = "#555555"
PLACES = (
    ((7, 0), "left", "center"),
    ((-7, 0), "right", "center"),
    ((0, 8), "center", "bottom"),
    ((0, -8), "center", "top"),
)


@dataclass(frozen=True)
class Point:
    """low, high: of the interval around `fidelity`, None without one."""

    name: str
    cost: float
    fidelity: float
    low: float | None = None
    high: float | None = None


def edit_points(bench: Section) -> list[Point]:
    """Median seconds of an edit, and the truth it recovers; a first edit is the same picture as a later one."""
    speed, recovered = bench["speed"], bench["recovered_truth"]
    if speed is None or recovered is None:
        return []
    points = []
    for name, standing in speed["contests"][EDITS].items():
        found = recovered.get(LATER if name == FIRST else name)
        if found is not None:
            points.append(Point(name, standing["median"], found["mean"], found["low"], found["high"]))
    return points


def inversion_points(bench: Section) -> list[Point]:
    """UNet rows of an inversion, and dB of its reconstruction."""
    if bench["speed"] is None:
        return []
    points = []
    for name, standing in bench["speed"]["contests"][INVERSIONS].items():
        rows, psnr = mean_of_photos(standing, "rows"), mean_of_photos(standing, "reconstruction_psnr")
        if rows is not None and psnr is not None:
            points.append(Point(name, rows, psnr))
    return points


def draw(bench: Section, path: Path) -> bool:
    """Write the picture; whether there was anything to draw."""
    panels = [
        ("Edits", "seconds an edit", "recovered truth", edit_points(bench)),
        ("Inversions", "UNet rows", "reconstruction, dB", inversion_points(bench)),
    ]
    shown = [panel for panel in panels if panel[3]]
    if not shown:
        return False
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(shown), squeeze=False)[0]
    for ax, (title, cost, fidelity, points) in zip(axes, shown, strict=True):
        _draw_panel(ax, points)
        ax.set_title(title, loc="left", fontsize=11, fontweight="bold")
        ax.set_xlabel(f"{cost} (left is cheaper)", color=QUIET)
        ax.set_ylabel(fidelity, color=QUIET)
    figure.draw_without_rendering()
    for ax, panel in zip(axes, shown, strict=True):
        _label(ax, panel[3])
    figure.savefig(path)
    return True


def _draw_panel(ax: Axes, points: Sequence[Point]) -> None:
    ax.set_xscale("log")
    for point in points:
        colour, mark = _look(point)
        if point.low is not None and point.high is not None:
            ax.vlines(point.cost, point.low, point.high, color=colour, linewidth=1, alpha=0.5)
        ax.plot(point.cost, point.fidelity, mark, color=colour, markersize=6)
    ax.margins(x=0.22, y=0.16)
    plain = FuncFormatter(lambda value, _position: f"{value:g}")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(plain)
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.grid(color="#e6e6e6", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(colors=QUIET, labelsize=9, length=0, which="both")
    for side in ax.spines.values():
        side.set_visible(False)


def _label(ax: Axes, points: Sequence[Point]) -> None:
    """A name beside each point, at the first place where it covers no other name and no point."""
    marks = [ax.transData.transform((point.cost, point.fidelity)) for point in points]
    taken: list[Bbox] = []
    for point in points:
        colour, _ = _look(point)
        for offset, across, down in PLACES:
            text = ax.annotate(
                point.name,
                (point.cost, point.fidelity),
                offset,
                textcoords="offset points",
                ha=across,
                va=down,
                fontsize=9,
                color=colour,
            )
            box = text.get_window_extent()
            free = not any(box.overlaps(other) for other in taken)
            inside = ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1
            if free and inside and not any(box.contains(*other) for other in marks):
                break
            if (offset, across, down) != PLACES[-1]:
                text.remove()
        taken.append(box)


def _look(point: Point) -> tuple[str, str]:
    return THEIRS if point.name.startswith(PUBLISHED) else OURS
