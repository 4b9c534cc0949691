"""The page of help about the methods, with a sheet of the same scenes by all of them: what was measured, in words."""

import io
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from nti_desktop.recipe.methods import Method
from tests.benchmarks.summary import Section
from tests.figures.tables import ALL

PAGE, SHEET = "methods.md", "methods.jpg"
LARGEST = 400_000  # bytes of the sheet
QUALITIES = range(92, 40, -4)
TILE, MARGIN, HEAD = 88, 64, 18  # pixels: of a picture, of the kinds' names, of the methods'

_HEAD = """# The ways of editing, measured

Of each kind of change {scenes} scenes, which no training saw, drawn by the built-in models' own renderer, which draws
the right answer as well. Each way works as the window lets it, with nothing said by hand and no mask. The figures say
nothing of other models, nor of photographs. `python -m tests.benchmarks --only methods --page resources/help` writes
this page.

## What each is good for

{sentences}

## How near it comes to the right answer

First the *recovered* truth: 1 is the right answer, 0 is as far from it as the photo was, less is farther. Then the
share of the scenes in which the edit is nearer to the right answer than to all else that the scene could have become.
The best of each row is bold; a mean is uncertain by some {uncertain:.2f}, so that near ones are alike.

{recovered}

*Outside*: how near everything that should stay comes to the photo, on average.

## What it costs

Medians on one thread of a processor. *Rows* are evaluations of the model, on any computer the same.

{costs}

## The same scenes by all ways

One scene of each kind, as they come: nobody chose them.

![{kinds}: the photo, the edit by each way, and the right answer]({sheet})
"""


def write_page(methods: Section, strips: Path, folder: Path) -> Path:
    """Write the page and its sheet into a folder; returns the page.

    methods: the section of the benchmark's JSON; strips: folder of the pictures that it names.
    """
    ways = [Method(way) for way in methods["recovered"]]
    kinds = list(dict.fromkeys(kind for row in methods["shown"].values() for kind in row))
    best = {kind: _best(methods["recovered"], ways, kind) for kind in kinds}
    text = _HEAD.format(
        scenes=methods["scenes"],
        sentences="\n".join(_good_for(way, [kind for kind in kinds if best[kind] is way]) for way in ways),
        uncertain=_uncertain(methods["recovered"], ways, kinds),
        recovered=_recovered(methods["recovered"], ways, kinds),
        costs=_costs(methods["costs"], ways),
        kinds=", ".join(kinds).capitalize(),
        sheet=SHEET,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SHEET).write_bytes(_small_enough(_sheet(methods["shown"], ways, kinds, strips)))
    (folder / PAGE).write_text(text, "utf-8")
    return folder / PAGE


def _best(found: Mapping[str, Section], ways: Sequence[Method], kind: str) -> Method | None:
    """The way that recovers most of a kind of change, None where none was measured."""
    here = [way for way in ways if kind in found[way]]
    return max(here, key=lambda way: float(found[way][kind]["mean"]["mean"]), default=None)


def _uncertain(found: Mapping[str, Section], ways: Sequence[Method], kinds: Sequence[str]) -> float:
    """The middle of the half widths of all intervals."""
    means = [found[way][kind]["mean"] for way in ways for kind in kinds if kind in found[way]]
    return statistics.median((mean["high"] - mean["low"]) / 2 for mean in means)


def _good_for(way: Method, kinds: Sequence[str]) -> str:
    measured = f" Comes nearest here for: {', '.join(kinds)}." if kinds else ""
    return f"- **{way.row.title}** (`{way}`): {way.row.sentence}{measured}"


def _recovered(found: Mapping[str, Section], ways: Sequence[Method], kinds: Sequence[str]) -> str:
    lines = []
    for kind in (*kinds, ALL):
        best = _best(found, ways, kind)
        lines.append([kind, *(_cell(found[way].get(kind), way is best) for way in ways)])
    outside = [found[way][ALL]["outside"] for way in ways]
    lines.append(["*outside*", *("" if decibels is None else f"{decibels:.1f} dB" for decibels in outside)])
    return _table(["", *(way.row.title for way in ways)], lines)


def _cell(found: Section | None, best: bool) -> str:
    if found is None:
        return ""
    mean = f"{found['mean']['mean']:z.2f}"
    return f"{f'**{mean}**' if best else mean}, {found['verdict']:.0%}"


def _costs(found: Mapping[str, Section], ways: Sequence[Method]) -> str:
    lines = [
        [
            way.row.title,
            f"{cost['preparing']:.1f} s",
            f"{cost['preparing_rows']:.0f}",
            f"{cost['editing']:.1f} s",
            f"{cost['editing_rows']:.0f}",
            f"{cost['stored'] / 1000:.0f} kB",
        ]
        for way in ways
        for cost in [found[way]]
    ]
    return _table(["", "preparing", "rows", "the first edit", "rows", "in the project file"], lines)


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *lines))


def _sheet(
    shown: Mapping[str, Mapping[str, str]], ways: Sequence[Method], kinds: Sequence[str], strips: Path
) -> Image.Image:
    """A row for each kind: the photo, the edit by each way, the truth."""
    sheet = Image.new("RGB", (MARGIN + TILE * (len(ways) + 2), HEAD + TILE * len(kinds)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(10)
    for column, title in enumerate(("Photo", *(way.row.title for way in ways), "Right answer")):
        draw.text((MARGIN + TILE * column + 2, 2), title, "black", font)
    for line, kind in enumerate(kinds):
        top = HEAD + TILE * line
        draw.text((2, top + TILE // 2 - 6), kind, "black", font)
        for column, way in enumerate(ways):
            with Image.open(strips / shown[way][kind]) as strip:
                side = strip.height
                source, edit, truth = (strip.crop((n * side, 0, (n + 1) * side, side)) for n in range(3))
            for picture, place in ((source, 0), (edit, column + 1), (truth, len(ways) + 1)):
                small = picture.resize((TILE, TILE), Image.Resampling.LANCZOS)
                sheet.paste(small, (MARGIN + TILE * place, top))
    return sheet


def _small_enough(sheet: Image.Image) -> bytes:
    """As a JPEG, as well as it fits."""
    for quality in QUALITIES:
        sheet.save(stream := io.BytesIO(), "JPEG", quality=quality, optimize=True)
        if stream.tell() <= LARGEST:
            break
    return stream.getvalue()
