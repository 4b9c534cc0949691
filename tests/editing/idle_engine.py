"""An engine that keeps what it is asked for when it has nothing else to do; a test answers."""

from dataclasses import dataclass, field

import numpy as np

from nti_desktop.editing.engine_queue import PrepareJob, Ticket
from nti_desktop.recipe.jobs import Figures, Rendered, RenderJob

FIGURES = Figures(1.0, 15, None)


@dataclass
class IdleEngine:
    """asked, withdrawn: in their order."""

    asked: list[Ticket] = field(default_factory=list)
    withdrawn: list[Ticket] = field(default_factory=list)

    def enqueue_idle(self, job: PrepareJob | RenderJob) -> Ticket:
        self.asked.append(Ticket(job))
        return self.asked[-1]

    def withdraw(self, ticket: Ticket) -> None:
        self.withdrawn.append(ticket)


def answer_to(ticket: Ticket) -> Rendered:
    """A black picture for a render."""
    assert isinstance(ticket.job, RenderJob)
    black = np.zeros((8, 8, 3), np.float32)
    return Rendered(ticket.job.recipe, black, black, black, None, 1.0, black, 0.0, FIGURES)
