"""What the engine's tests share: small inversions with few steps."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.engine.methods import METHODS
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.sampling.pivot import Source
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings

PROTOTYPE = Path(__file__).parents[1] / "data" / "prototype"
SOURCE = "a photo of a white ball on green grass on a sunny day"
EDIT = "a photo of a red ball on green grass on a sunny day"


SENTENCES = [method for method in Method if method.row.looks]  # the methods of Prompt-to-Prompt


def some_latents(height: int = 16, width: int = 16) -> Tensor:
    """Latents of a real scene, that of the golden values, at any size."""
    with np.load(Path(__file__).parents[1] / "data" / "golden" / "published.npz") as golden:
        latents = torch.tensor(golden["z0"])
    return torch.nn.functional.interpolate(latents, size=(height, width), mode="bilinear")


def smallest_latents(model: DiffusionModel) -> Tensor:
    """Two by two where the UNet is deepest: a norm of one value alone is noise."""
    side = 2 ** len(model.unet.config.block_out_channels)
    return some_latents(side, side)


def prepared(
    model: DiffusionModel,
    method: Method = Method.RESIDUAL,
    latents: Tensor | None = None,
    steps: int = 5,
    guidance_scale: float = 3.0,
    prompt: str = SOURCE,
) -> Prepared:
    settings = InversionSettings(prompt, method, steps, guidance_scale)
    latents = smallest_latents(model) if latents is None else latents
    found: Prepared = METHODS[method].prepare(model, latents, settings, report_nothing, CancelToken())
    return found


def rendered(
    model: DiffusionModel,
    photo: Prepared,
    recipe: EditRecipe,
    visits: int | None = None,
    source: Source | None = None,
) -> Edit:
    """source: of an earlier edit, which recorded it."""
    method = METHODS[photo.settings.method]
    edit: Edit = method.render(Task(model, photo, source or method.source(model, photo), recipe, visits))
    return edit
