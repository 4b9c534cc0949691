"""How long one UNet call of each kind takes here, by trying them on the photo at hand."""

import time
from collections.abc import Callable

import torch
from torch import Tensor

from nti_desktop.core.progress import CancelToken
from nti_desktop.engine.memory.faults import give_back_memory, ran_out_of_memory
from nti_desktop.engine.memory.precision import Overflow
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.recipe.costs import Rates

TIMED_CALLS = 5
TIMED_SECONDS = 0.5  # of each kind
THERE_AND_BACK = 4.0  # forwards, where a gradient is not tried: the way there, its values once more, the way back


def measured_rates(model: DiffusionModel, latents: Tensor, tries_learning: bool, cancel: CancelToken) -> Rates:
    """Time the calls that jobs are made of. latents: (1, C, h, w); tries_learning: whether there is memory for a
    gradient, which is else told from the calls without. Raises Cancelled between two calls.
    """
    embedding = model.embed("")
    both, twice = embedding.for_rows(2), latents.expand(2, -1, -1, -1)

    def learn() -> None:
        leaf = embedding.tokens.clone().requires_grad_()
        output = model.predict(latents, 0, embedding.with_tokens(leaf))
        torch.autograd.grad(output.square().sum(), leaf)[0].cpu()

    with torch.no_grad():
        single = _fastest(lambda: model.predict(latents, 0, embedding).cpu(), cancel)
        double = _fastest(lambda: model.predict(twice, 0, both).cpu(), cancel)
        drawing = _fastest(lambda: model.decode(latents), cancel, calls=1)
    learned = THERE_AND_BACK * single
    if tries_learning:
        try:
            learned = _fastest(learn, cancel)
        except (Overflow, MemoryError, RuntimeError) as error:
            if not (isinstance(error, Overflow) or ran_out_of_memory(error)):
                raise
            give_back_memory()  # a job that learns finds its own way out of it
    return Rates(single, double, learned, drawing)


def _fastest(work: Callable[[], object], cancel: CancelToken, calls: int = TIMED_CALLS) -> float:
    """Seconds of the fastest of a few calls, each waited for: what else the machine does only ever makes one slower."""
    spent: list[float] = []
    while len(spent) < calls and sum(spent) < TIMED_SECONDS:
        cancel.check()
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return min(spent)
