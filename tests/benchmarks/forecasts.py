"""How right the forecast of time is: preparing by each method, told before it begins and at a quarter of its time,
beside what it took. `python -m tests.benchmarks.forecasts [--steps N] [--side PIXELS] [MODEL ...]`; without models, the
built-in one and a small untrained one of Stable Diffusion's shape.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from nti_desktop.core.progress import Progress
from nti_desktop.editing.countdown import Countdown
from nti_desktop.editing.estimates import Estimates
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import BUILT_IN_ID, ModelEntry, find_model
from nti_desktop.models.library.samples import samples
from nti_desktop.recipe.jobs import InvertJob, MeasureJob
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import InversionSettings
from tests.wild.files import write_original

TRIED = (Method.PINNED, Method.RESIDUAL, Method.NULL_TEXT, Method.EMBEDDING, Method.EDICT)


@dataclass(frozen=True)
class Told:
    """forecast, taken, again: seconds, told before, by the clock, and told for the next time; left: what was told to be
    left at a quarter of the time, over what was left.
    """

    method: Method
    forecast: float
    taken: float
    left: float
    again: float

    def __str__(self) -> str:
        before, after = self.forecast / self.taken, self.again / self.taken
        return (
            f"{self.method:10} forecast {self.forecast:7.2f} s, took {self.taken:7.2f} s: {before:.2f}; "
            f"at a quarter {self.left:.2f} of what was left; next time {after:.2f}"
        )


def told(entry: ModelEntry, side: int, steps: int) -> Iterator[Told]:
    """Prepare a sample by each method, on the best device."""
    sample = samples()[0]
    with Image.open(sample.path) as opened:
        image = np.asarray(opened.convert("RGB").resize((side, side)))
    service = EngineService()
    estimates = Estimates().with_measured(service.measure(MeasureJob(entry.files, image, steps)))
    for method in TRIED:
        settings = InversionSettings(sample.caption, method, steps, entry.defaults.guidance_of(method))
        forecast = estimates.preparing(method, steps)
        assert forecast is not None
        said: list[tuple[float, float]] = []

        def heard(progress: Progress, said: list[tuple[float, float]] = said) -> None:
            assert progress.seconds_left is not None
            said.append((time.monotonic(), progress.seconds_left))

        start = time.monotonic()
        report = Countdown(estimates.phases(method, steps)).told(heard)
        made = service.invert(InvertJob(entry.files, image, settings), report)
        taken = time.monotonic() - start
        at, left = next(each for each in said if each[0] >= start + taken / 4)
        again = estimates.with_prepared(settings, made.figures).preparing(method, steps)
        assert again is not None
        yield Told(method, forecast, taken, left / (start + taken - at), again)


def main(command_line: Sequence[str] | None = None) -> None:
    """Print a line for each model and method."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.forecasts", description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    asked = parser.parse_args(command_line)
    with tempfile.TemporaryDirectory() as folder:
        small = [] if asked.models else [BUILT_IN_ID, str(write_original(Path(folder) / "small.safetensors", "sd15"))]
        for entry in map(find_model, asked.models or small):
            print(f"{entry.name}, {asked.side} pixels, {asked.steps} steps", flush=True)
            for each in told(entry, asked.side, asked.steps):
                print(f"  {each}", flush=True)


if __name__ == "__main__":
    main()
