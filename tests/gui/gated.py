"""An engine service that prepares at once and whose renders take until they are let go, under the real thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from pytestqt.qtbot import QtBot

from nti_desktop.core.errors import EngineError
from nti_desktop.core.progress import CancelToken, Progress, Report
from nti_desktop.editing.render_requests import Edit
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.recipe.costs import Rates, Speeds
from nti_desktop.recipe.jobs import (
    Figures,
    Inversion,
    InvertJob,
    LookJob,
    Measured,
    MeasureJob,
    Rendered,
    RenderJob,
    seen_of,
)
from nti_desktop.recipe.kept_arrays import Extent
from nti_desktop.recipe.look import Look
from nti_desktop.recipe.methods import Method

PLENTY = 1000  # renders, more than any test asks for


class GatedBench:
    """begun: what it was given to render, in that order; done: what it rendered to the end; threads: that it rendered
    in; deaf: whether it looks for a cancel too late; fault: what every render ends with; broken: a way of preparing
    that fails; look: of every photo.
    """

    def __init__(self) -> None:
        self.begun: list[Edit] = []
        self.done: list[Edit] = []
        self.threads: set[int] = set()
        self.fault: Exception | None = None
        self.broken: Method | None = None
        self.deaf = False
        self.look = Look("at sunset")
        self._go = threading.Semaphore(0)

    def let_go(self, renders: int = 1) -> None:
        """Let so many renders, under way or to come, end."""
        self._go.release(renders)

    def hold(self) -> None:
        """Let no more renders end, whatever was let go."""
        while self._go.acquire(blocking=False):
            pass

    def choose_device(self, kind: str | None) -> None:
        """It computes on none."""

    def measure(self, job: MeasureJob, report: Report, cancel: CancelToken) -> Measured:
        return Measured(40.0, Speeds(Rates(0.001, 0.002, 0.002)), "gate")

    def read_look(self, job: LookJob, report: Report, cancel: CancelToken) -> Look:
        """The look that was set, once a render may end."""
        report(Progress("Reading the look", 0, 2))
        self._go.acquire()
        cancel.check()
        return self.look

    def invert(self, job: InvertJob, report: Report, cancel: CancelToken) -> Inversion:
        """Nothing but the shapes that the job asks for."""
        if job.settings.method is self.broken:
            raise EngineError("This way does not work today; use another.")
        height, width, _ = seen_of(job.image).shape
        steps = job.settings.steps
        sides = {
            Extent.LEVELS: steps + 1,
            Extent.STEPS: steps,
            Extent.CHANNELS: 4,
            Extent.HEIGHT: height // 8,
            Extent.WIDTH: width // 8,
            Extent.TOKENS: 7,
            Extent.FEATURES: 16,
            Extent.NUMBERS: 12,
            Extent.TWO: 2,
        }
        arrays = {
            kept.name: np.zeros([sides[extent] for extent in kept.shape], np.float64 if kept.double else np.float32)
            for kept in job.settings.method.row.keeps
        }
        return Inversion(job.settings, arrays, np.zeros((height, width, 3), np.float32), Figures(1.0, 4, 40.0))

    def render(self, job: RenderJob, report: Report, cancel: CancelToken) -> Rendered:
        """All of one grey, which the prompt decides."""
        report(Progress("Editing", 0, 2))
        self.threads.add(threading.get_ident())
        self.begun.append(Edit.of(job))
        self._go.acquire()
        if not self.deaf:
            cancel.check()
        if self.fault is not None:
            raise self.fault
        self.done.append(Edit.of(job))
        latents = next(array for array in job.arrays.values() if array.ndim == 4)
        size = (8 * latents.shape[2], 8 * latents.shape[3], 3)
        source = np.zeros(size, np.float32)
        maps = np.ones((len(job.recipe.prompt.split()), 8, 8), np.float32)
        image = np.full(size, grey_of(job.recipe.prompt) / 255, np.float32)
        return Rendered(
            job.recipe, image, source, np.zeros((4, 8, 8), np.float32), None, 1.0, maps, 1.0, Figures(0.1, 4)
        )


def grey_of(prompt: str) -> int:
    """0 to 255; different for the prompts of a test."""
    return 40 + sum(prompt.encode()) % 200


@contextmanager
def running(engine: EngineThread, background: Background, service: GatedBench, qtbot: QtBot) -> Iterator[None]:
    """Start both threads; in the end let every render go and wait until both have ended."""
    engine.start()
    yield
    service.let_go(PLENTY)
    with qtbot.waitSignals([engine.finished, background.finished]):
        engine.stop()
        background.stop()
    engine.wait()
