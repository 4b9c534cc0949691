"""A workbench whose renders take until they are let go, under the real engine thread."""

import threading

import numpy as np

from nti_desktop.errors import NtiError
from nti_desktop.gui.wanted import Edit
from nti_desktop.jobs import (
    CancelToken,
    Figures,
    Inverted,
    InvertJob,
    Judged,
    JudgeJob,
    Progress,
    Rendered,
    RenderJob,
    Report,
)


class GatedBench:
    """begun: what it was given to render, in that order; done: what it rendered to the end; deaf: whether it looks for
    a cancel too late.
    """

    def __init__(self, width: int, height: int) -> None:
        """width, height: pixels, of what it renders."""
        self.begun: list[Edit] = []
        self.done: list[Edit] = []
        self.fault: NtiError | None = None
        self.deaf = False
        self._size = (height, width, 3)
        self._go = threading.Semaphore(0)

    def let_go(self, renders: int = 1) -> None:
        """Let so many renders, under way or to come, end."""
        self._go.release(renders)

    def choose_device(self, kind: str | None) -> None:
        """It computes on none."""

    def judge(self, job: JudgeJob, report: Report, cancel: CancelToken) -> Judged:
        return Judged(40.0, 0.001, "gate")

    def invert(self, job: InvertJob, report: Report, cancel: CancelToken) -> Inverted:
        raise AssertionError("nothing is to be prepared")

    def render(self, job: RenderJob, report: Report, cancel: CancelToken) -> Rendered:
        """All of one grey, which the prompt decides."""
        report(Progress("Editing", 0, 2))
        self.begun.append(Edit.of(job))
        self._go.acquire()
        if not self.deaf:
            cancel.check()
        if self.fault is not None:
            raise self.fault
        self.done.append(Edit.of(job))
        source = np.zeros(self._size, np.float32)
        maps = np.ones((len(job.recipe.prompt.split()), 8, 8), np.float32)
        image = np.full(self._size, grey_of(job.recipe.prompt) / 255, np.float32)
        return Rendered(
            job.recipe, image, source, np.zeros((4, 8, 8), np.float32), None, 1.0, maps, 1.0, Figures(0.1, 4)
        )


def grey_of(prompt: str) -> int:
    """0 to 255; different for the prompts of a test."""
    return 40 + sum(prompt.encode()) % 200
