"""Run the published algorithms and the program side by side, print one table, write it as JSON and draw it.

Sections that are not asked for stay as an earlier run on the same weights and defaults left them. The truth goes on
where it was interrupted: every answer stands in bench.jsonl beside the JSON.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from nti_desktop.core.errors import OutOfMemory
from nti_desktop.models.library.catalog import STUDIO_ORDERS_DEFAULTS, ModelEntry, all_built_in, built_in, find_model
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.recipe.methods import Method
from tests.benchmarks.children import ask
from tests.benchmarks.gaps import measure_gaps
from tests.benchmarks.growth import measure_growth
from tests.benchmarks.memory import measure_memory
from tests.benchmarks.methods import KINDS, measure_methods
from tests.benchmarks.page import write_page
from tests.benchmarks.picture import draw
from tests.benchmarks.screen import measure_screen
from tests.benchmarks.sd15 import measure_full_size
from tests.benchmarks.speed import measure_speed
from tests.benchmarks.start import measure_start
from tests.benchmarks.summary import summarised
from tests.benchmarks.table import table
from tests.benchmarks.truth import measure_truth, ways
from tests.figures.running import Runner, Subject
from tests.figures.tables import plain

SECTIONS = ("speed", "start", "screen", "gaps", "growth", "memory", "truth", "methods", "picture")

Measured = Iterator[tuple[str, object]]  # name of a section, what was measured


def measured(entry: ModelEntry, asked: argparse.Namespace) -> Measured:
    """Every section that is asked for, as soon as there is anything to tell."""
    if "speed" in asked.only:
        yield "speed", measure_speed(entry, asked.rounds, asked.photos)
        if torch.cuda.is_available():
            try:
                yield "full_size", measure_full_size(asked.rounds, asked.photos, asked.full_size_steps)
            except (OutOfMemory, torch.OutOfMemoryError) as error:
                print(f"Stable Diffusion 1.5's size was not measured: {error}")
    if "start" in asked.only:
        yield "start", measure_start(asked.starts)
    if "screen" in asked.only:
        yield "screen", measure_screen(asked.moves)
    if "gaps" in asked.only:
        yield "gaps", measure_gaps()
    if "growth" in asked.only:
        yield "growth", measure_growth(asked.edits)
    if "memory" in asked.only:
        yield "memory", measure_memory(entry)
    if asked.memory_estimate:
        yield "memory_estimate", ask("sd15")
    answers = asked.out.with_suffix(".jsonl")
    if "truth" in asked.only:
        with Runner(Subject(entry.files, fingerprint(entry)), asked.workers, answers) as runner:
            for truth in measure_truth(runner, ways(entry.defaults), asked.scenes):
                yield "truth", truth
    if "methods" in asked.only:
        others = (replace(find_model(id), defaults=STUDIO_ORDERS_DEFAULTS) for id in asked.orders)
        models = [*all_built_in(), *others]
        strips = _strips(asked.out)
        strips.mkdir(parents=True, exist_ok=True)
        for found in measure_methods(
            models, asked.method_scenes, asked.workers, answers, strips, asked.kinds, asked.methods
        ):
            yield "methods", found


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=_at_least_one, default=3, help="timed turns of everyone on each photo")
    parser.add_argument("--photos", type=_at_least_one, default=2, help="held-out scenes for the speeds")
    parser.add_argument("--scenes", type=_at_least_one, default=64, help="scenes of each kind for the truth")
    parser.add_argument("--method-scenes", type=_at_least_one, default=32, help="of each kind, for all methods")
    parser.add_argument(
        "--orders",
        action="append",
        default=[],
        help="a model of the Studio's world that takes orders, beside those that come with the program",
    )
    parser.add_argument("--kinds", type=_some_of(KINDS), default=KINDS, help=f"for all methods, {','.join(KINDS)}")
    parser.add_argument("--methods", type=_some_of(tuple(Method)), default=tuple(Method), help="some of them")
    parser.add_argument("--page", type=Path, metavar="FOLDER", help="write the table of all methods there as a page")
    parser.add_argument("--starts", type=_at_least_one, default=5, help="of the program, until its window is painted")
    parser.add_argument("--moves", type=_at_least_one, default=7, help="of the slider in the window")
    parser.add_argument("--edits", type=_at_least_one, default=500, help="in one window, whose memory is watched")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each, for the truth")
    parser.add_argument("--full-size-steps", type=_at_least_one, default=10, help="of the big model, with CUDA")
    parser.add_argument("--memory-estimate", action="store_true", help="also of published sizes, on paper")
    parser.add_argument("--only", type=_some_of(SECTIONS), default=SECTIONS, help=f"some of {','.join(SECTIONS)}")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs measured")
    parser.add_argument("--out", type=Path, default=Path("out/bench.json"))
    return parser.parse_args(arguments)


def _at_least_one(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _some_of(known: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    def chosen(text: str) -> tuple[str, ...]:
        names = tuple(text.split(","))
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"there is no {' or '.join(unknown)}, but {', '.join(known)}")
        return names

    return chosen


def _strips(out: Path) -> Path:
    """The folder of the pictures that all methods made."""
    return out.parent / "methods"


def earlier(out: Path, models: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What an earlier run wrote about the same weights with the same defaults."""
    found = json.loads(out.read_text("utf-8")) if out.exists() else {}
    return found if found.get("models") == models else {}


def _as_read(found: object) -> Any:
    """As it would be read again."""
    return json.loads(json.dumps(found))


def main(command_line: Sequence[str] | None = None) -> None:
    """Measure, print, write and draw what was asked for."""
    asked = parsed(command_line)
    out: Path = asked.out
    out.parent.mkdir(parents=True, exist_ok=True)
    if asked.fresh:
        for file in (out, out.with_suffix(".jsonl")):
            file.unlink(missing_ok=True)
    entry = built_in()
    models = _as_read(
        [
            {"name": model.name, "fingerprint": fingerprint(model), "defaults": plain(model.defaults)}
            for model in all_built_in()
        ]
    )
    sections = earlier(out, models)
    for name, found in measured(entry, asked):
        sections[name] = _as_read(plain(found))
        bench = {"models": models} | summarised(sections)
        out.write_text(json.dumps(bench, indent=2) + "\n", "utf-8")
        print(f"\n{table(bench)}\n", flush=True)
    if "picture" in asked.only:
        drawn = draw(summarised(sections), out.with_suffix(".png"))
        print(f"{out.with_suffix('.png')} is written" if drawn else "nothing to draw: no speed was measured")
    if asked.page is not None:
        print(f"{write_page(sections['methods'], _strips(out), asked.page)} is written")


if __name__ == "__main__":
    main()
