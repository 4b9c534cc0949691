"""`residual`: the source's own error is added to the edit, so that an unchanged prompt returns the photo exactly.

z_b = move(z, eps_edit) + z*_b - move(z*_a, eps_source), eps the guided predictions. It is no null-text inversion, which
looks for an embedding instead of a correction; PnP Inversion (Ju et al. 2024) has it as an ablation, "add source".
"""

from dataclasses import replace

from torch import Tensor

from nti_desktop.engine.methods import pinned
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task, denoise, source_of
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.sampling.ddim import guided, levels_of, step_down
from nti_desktop.engine.sampling.pivot import Source

prepare = pinned.prepare


def source(model: DiffusionModel, prepared: Prepared) -> Source:
    """The source branch with its unconditional answers, which the residual needs."""
    return source_of(model, prepared, unconditional=model.embed(""))


def render(task: Task, conditional: Embedding | None = None) -> Edit:
    """One edit, each step corrected by the source's own error. conditional: see `denoise`."""
    levels = levels_of(task.model.scheduler_config, task.prepared.settings.steps)
    pivot = task.prepared.pivot

    def landing(z: Tensor, a: int, b: int, guidance_scale: float) -> Tensor:
        assert isinstance(task.source, Source)
        there = task.source.at(a, task.recipe.self_limit)
        assert there.unconditional is not None
        output = guided(there.unconditional, there.conditional, guidance_scale)
        return pivot[b : b + 1] + (z - step_down(output, pivot[a : a + 1], levels, a, b))

    visits = task.visits or task.prepared.settings.method.row.enough_levels
    return denoise(replace(task, visits=visits), task.model.embed(""), landing, conditional=conditional)
