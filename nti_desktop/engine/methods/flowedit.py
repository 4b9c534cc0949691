"""`flowedit`: no inversion; the photo with noise of its own at every level stands for its path (Kulikov et al. 2024).

On it an edit is rendered as in `residual`: z_b = z*_b + move(z_a, eps_edit) - move(z*_a, eps_source), so that an
unchanged prompt returns the photo exactly. Noise of the levels' own is what makes a path edit-friendly
(Huberman-Spiegelglas et al. 2024): what the model takes one noise for is not asked for again and again.
"""

from torch import Tensor

from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.engine.methods import residual
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task
from nti_desktop.engine.methods.redrawing import redrawn
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.sampling.ddim import levels_of
from nti_desktop.engine.sampling.pivot import noised_path
from nti_desktop.recipe.kept_arrays import PIVOT
from nti_desktop.recipe.settings import InversionSettings

SEED = 0  # of the path's noise


def prepare(
    model: DiffusionModel, latents: Tensor, settings: InversionSettings, _report: Report, _cancel: CancelToken
) -> Prepared:
    """The noised path of the photo's latents (1, C, h, w)."""
    levels = levels_of(model.scheduler_config, settings.steps)
    return Prepared(settings, {PIVOT.name: noised_path(latents, levels, SEED)}, latents)


source = residual.source


def render(task: Task) -> Edit:
    """One edit beside the path; what it changed is drawn anew where the recipe asks for that, but not for a preview."""
    edit = residual.render(task)
    return redrawn(task, edit) if task.recipe.redrawn and task.visits is None else edit
